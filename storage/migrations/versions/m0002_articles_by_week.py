"""Each article's own time and how many of its passages passed the gate, so that trends need no join."""

from alembic import op
import sqlalchemy as sa

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    # with a default that no article keeps: SQLite would copy the whole table to add a column without one
    op.add_column('article', sa.Column('at', sa.DateTime(timezone=True), nullable=False, server_default='1970-01-01'))
    op.add_column('article', sa.Column('gated', sa.Integer(), nullable=False, server_default='0'))
    op.execute("""
        UPDATE article SET
            at = (SELECT CASE WHEN article.published IS NULL OR article.published > entry.first_seen
                              THEN entry.first_seen ELSE article.published END
                  FROM entry WHERE entry.id = article.entry_id),
            gated = (SELECT count(*) FROM passage JOIN reading ON reading.passage_id = passage.id
                     WHERE passage.article_id = article.id)
    """)
    op.create_index('article_read', 'article', ['at', 'lang', 'gated'])


def downgrade() -> None:
    """Undo."""
    op.drop_index('article_read', table_name='article')
    op.drop_column('article', 'gated')
    op.drop_column('article', 'at')
