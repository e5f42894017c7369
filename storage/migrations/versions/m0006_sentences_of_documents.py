"""The sentences of reference documents with their vectors: what signals echo."""

from alembic import op
import sqlalchemy as sa

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table('document_sentence',
    sa.Column('document_id', sa.String(), nullable=False),
    sa.Column('passage', sa.Integer(), nullable=False),
    sa.Column('start', sa.Integer(), nullable=False),
    sa.Column('end', sa.Integer(), nullable=False),
    sa.Column('encoder', sa.String(), nullable=False),
    sa.Column('vector', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(
        ['document_id', 'passage'], ['document_passage.document_id', 'document_passage.start'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('document_id', 'passage', 'start')
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table('document_sentence')
