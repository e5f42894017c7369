"""How far each model has got in reading the stored passages again, and an index by which readings of others are found."""

from alembic import op
import sqlalchemy as sa

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table('reclassification',
    sa.Column('model', sa.String(), nullable=False),
    sa.Column('passage', sa.Integer(), nullable=False),
    sa.Column('whole', sa.Boolean(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('model')
    )
    op.create_index('ix_reading_model', 'reading', ['model'])


def downgrade() -> None:
    """Undo."""
    op.drop_index('ix_reading_model', table_name='reading')
    op.drop_table('reclassification')
