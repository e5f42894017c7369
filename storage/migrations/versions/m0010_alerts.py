"""Alerts that a desk can live with: mutes, and what was held back by a cap for a digest."""

from alembic import op
import sqlalchemy as sa

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table('mute',
    sa.Column('what', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('until', TIME, nullable=True),
    sa.Column('by', sa.String(), nullable=False, server_default=''),
    sa.Column('at', TIME, nullable=False),
    sa.PrimaryKeyConstraint('what', 'name')
    )
    op.create_index('delivery_recipient', 'delivery', ['channel', 'target', 'created_at'])


def downgrade() -> None:
    """Undo."""
    op.drop_index('delivery_recipient', table_name='delivery')
    op.drop_table('mute')
