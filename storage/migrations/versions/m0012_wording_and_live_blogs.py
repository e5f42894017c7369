"""What is left of a passage's wording where its text may not be kept; live blogs, which are read again while they go on."""

from alembic import op
import sqlalchemy as sa

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column('passage', sa.Column('sketch', sa.LargeBinary(), nullable=True))
    op.add_column('passage', sa.Column('wire', sa.String(), nullable=False, server_default=''))
    op.add_column('entry', sa.Column('live_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('entry', sa.Column('looks', sa.Integer(), nullable=False, server_default='0'))


def downgrade() -> None:
    """Undo."""
    for table, columns in (('entry', ('looks', 'live_at')), ('passage', ('wire', 'sketch'))):
        for name in columns:  # not in a batch: dropping the old table would drop what refers to it
            op.drop_column(table, name)
