"""The life of a signal: its priority, what it follows, what it went into; the wording and the wire of a member that is a copy."""

from alembic import op
import sqlalchemy as sa

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column('signal', sa.Column('priority', sa.String(), nullable=False, server_default='normal'))
    op.add_column('signal', sa.Column('follows', sa.String(), nullable=False, server_default=''))
    op.add_column('signal', sa.Column('merged_into', sa.String(), nullable=False, server_default=''))
    op.create_index('ix_signal_merged_into', 'signal', ['merged_into'])
    op.add_column('member', sa.Column('sketch', sa.LargeBinary(), nullable=True))
    op.add_column('member', sa.Column('wire', sa.String(), nullable=False, server_default=''))


def downgrade() -> None:
    """Undo."""
    op.drop_column('member', 'wire')
    op.drop_column('member', 'sketch')
    op.drop_index('ix_signal_merged_into', table_name='signal')
    op.drop_column('signal', 'merged_into')
    op.drop_column('signal', 'follows')
    op.drop_column('signal', 'priority')
