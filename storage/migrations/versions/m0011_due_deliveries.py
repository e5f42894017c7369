"""When a delivery was first due: a day of tries begins then, not when it was written in quiet hours."""

from alembic import op
import sqlalchemy as sa

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column('delivery', sa.Column('due_at', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Undo."""
    with op.batch_alter_table('delivery') as table:
        table.drop_column('due_at')
