"""Signals by theme and country in order of time: how often the like came is counted from the index alone."""

import json

from alembic import op
import sqlalchemy as sa

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table('signal_tag',
    sa.Column('signal_id', sa.String(), nullable=False),
    sa.Column('theme', sa.String(), nullable=False),
    sa.Column('country', sa.String(), nullable=False),
    sa.Column('first_seen', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['signal_id'], ['signal.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('signal_id', 'theme', 'country')
    )
    op.create_index('signal_tag_told', 'signal_tag', ['theme', 'country', 'first_seen', 'signal_id'])
    signals = op.get_bind().execute(sa.text('SELECT id, themes, provisional, countries, first_seen FROM signal')).all()
    rows = [
        {'theme': theme, 'country': country, 'first_seen': row.first_seen, 'signal_id': row.id}
        for row in signals
        for theme in {*_list(row.themes), *_list(row.provisional)}
        for country in _list(row.countries) or ['']
    ]
    if rows:
        # SQLite gives a time as text in the very form in which it keeps it
        op.get_bind().execute(sa.text('INSERT INTO signal_tag (theme, country, first_seen, signal_id) '
                                      'VALUES (:theme, :country, :first_seen, :signal_id)'), rows)


def _list(value: object) -> list[str]:
    return json.loads(value) if isinstance(value, str) else list(value)  # type: ignore[call-overload, no-any-return]


def downgrade() -> None:
    """Undo."""
    op.drop_index('signal_tag_told', table_name='signal_tag')
    op.drop_table('signal_tag')
