"""Collection: habits of sources, what feeds say of their items, revisions, times of passages, backfills; messages of no signal."""

from alembic import op
import sqlalchemy as sa

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.add_column('source', sa.Column('state', sa.String(), nullable=False, server_default=''))
    op.add_column('source', sa.Column('weight', sa.Float(), nullable=False, server_default='0'))
    op.add_column('source', sa.Column('interval', sa.Float(), nullable=False, server_default='0'))
    op.add_column('source', sa.Column('listed', sa.Integer(), nullable=False, server_default='0'))
    op.add_column('source', sa.Column('digest', sa.String(), nullable=False, server_default=''))
    op.add_column('source', sa.Column('next_poll', TIME, nullable=True))
    op.add_column('source', sa.Column('newest', TIME, nullable=True))
    op.add_column('source', sa.Column('gap_at', TIME, nullable=True))
    op.add_column('source', sa.Column('quiet_since', TIME, nullable=True))
    op.add_column('entry', sa.Column('guid', sa.String(), nullable=False, server_default=''))
    op.add_column('entry', sa.Column('content', sa.Text(), nullable=False, server_default=''))
    op.create_index('entry_guid', 'entry', ['source', 'guid'])
    op.create_index('entry_seen', 'entry', ['source', 'first_seen'])
    op.add_column('article', sa.Column('sketch', sa.LargeBinary(), nullable=True))
    op.add_column('article', sa.Column('revisions', sa.Integer(), nullable=False, server_default='0'))
    op.add_column('article', sa.Column('kept', sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column('passage', sa.Column('at', TIME, nullable=True))
    op.add_column('signal', sa.Column('corroborated_at', TIME, nullable=True))
    alert = "SELECT at FROM alert WHERE alert.signal_id = signal.id AND alert.kind = 'corroborated'"
    op.execute(sa.text(f"UPDATE signal SET corroborated_at = ({alert}) WHERE merged_into = ''"))
    op.execute(sa.text("UPDATE signal SET corroborated_at = last_seen WHERE corroborated_at IS NULL AND status = 'corroborated'"))
    op.create_table('revision',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('article_id', sa.Integer(), nullable=False),
    sa.Column('at', TIME, nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('published', TIME, nullable=True),
    sa.Column('hash', sa.String(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('snapshot', sa.String(), nullable=False, server_default=''),
    sa.ForeignKeyConstraint(['article_id'], ['article.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_revision_article_id', 'revision', ['article_id'])
    op.create_table('backfill',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('source', sa.String(), nullable=False),
    sa.Column('since', TIME, nullable=False),
    sa.Column('until', TIME, nullable=False),
    sa.Column('cursor', sa.JSON(), nullable=False, server_default='{}'),
    sa.Column('done', sa.Integer(), nullable=False, server_default='0'),
    sa.Column('total', sa.Integer(), nullable=False, server_default='0'),
    sa.Column('started_at', TIME, nullable=False),
    sa.Column('ended_at', TIME, nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('delivery') as delivery:
        delivery.alter_column('signal_id', existing_type=sa.String(), nullable=True)


def downgrade() -> None:
    """Undo; messages of no signal have no place in the earlier form."""
    op.execute(sa.text('DELETE FROM delivery WHERE signal_id IS NULL'))
    with op.batch_alter_table('delivery') as delivery:
        delivery.alter_column('signal_id', existing_type=sa.String(), nullable=False)
    op.drop_table('backfill')
    op.drop_index('ix_revision_article_id', table_name='revision')
    op.drop_table('revision')
    op.drop_index('entry_seen', table_name='entry')
    op.drop_index('entry_guid', table_name='entry')
    for table, columns in (
        ('signal', ('corroborated_at',)),
        ('passage', ('at',)),
        ('article', ('kept', 'revisions', 'sketch')),
        ('entry', ('content', 'guid')),
        ('source', ('quiet_since', 'gap_at', 'newest', 'next_poll', 'digest', 'listed', 'interval', 'weight', 'state')),
    ):
        for name in columns:  # not in a batch: it would make the table anew, and dropping the old one drops what refers to it
            op.drop_column(table, name)
