"""What people find of signals."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "verdict",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("signal_id", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("members", sa.JSON(), server_default="{}", nullable=False),
        sa.Column("themes", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("corrected", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("other", sa.String(), nullable=False),
        sa.Column("others", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["signal_id"], ["signal.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_verdict_signal_id", "verdict", ["signal_id"])


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_verdict_signal_id", table_name="verdict")
    op.drop_table("verdict")
