"""Likeness to themes of the operator's own that no head was trained on, on readings; their labels, on signals."""

from alembic import op
import sqlalchemy as sa

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column('reading', sa.Column('provisional', sa.JSON(), nullable=False, server_default='{}'))
    op.add_column('signal', sa.Column('provisional', sa.JSON(), nullable=False, server_default='[]'))


def downgrade() -> None:
    """Undo."""
    op.drop_column('signal', 'provisional')
    op.drop_column('reading', 'provisional')
