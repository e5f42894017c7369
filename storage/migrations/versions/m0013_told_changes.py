"""The bursts and drops that were found, whatever rules asked for them: what is found again is no news to a new rule.

And an index of what follows up which signal: a mute asks for all of it.
"""

from alembic import op
import sqlalchemy as sa

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table('change',
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('flag', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('key', 'flag')
    )
    op.create_index('ix_signal_follows', 'signal', ['follows'])


def downgrade() -> None:
    """Undo."""
    op.drop_index('ix_signal_follows', table_name='signal')
    op.drop_table('change')
