"""what reports count

Revision ID: 1795407000
Revises: 1795406500
Create Date: 2026-11-23 03:45:00

"""
from datetime import datetime, timezone
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '1795407000'
down_revision: Union[str, Sequence[str], None] = '1795406500'
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None

NAMES = ('first_promised_at', 'first_was_late', 'resolution_promised_at', 'resolution_was_late')


def upgrade() -> None:
    """Upgrade schema."""
    for name in NAMES:  # each by itself: SQLite would else make the table anew, and lose what hangs on its rows
        if name.endswith('_late'):
            op.add_column('ticket', sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
        else:
            op.add_column('ticket', sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.create_index('ix_ticket_created_at', 'ticket', ['created_at'], unique=False)
    _measure_the_old()


def _measure_the_old() -> None:
    """The worker fills the columns in of tickets that are there already (portal.tickets.measuring)."""
    if not op.get_bind().execute(sa.text('SELECT 1 FROM ticket LIMIT 1')).first():
        return
    now = datetime.now(timezone.utc)
    now = now.replace(tzinfo=None) if op.get_bind().dialect.name == 'sqlite' else now
    moment = sa.DateTime(timezone=True)
    job = sa.table('job', sa.column('kind', sa.String), sa.column('payload', sa.JSON), sa.column('state', sa.String),
                   sa.column('attempts', sa.Integer), sa.column('run_after', moment), sa.column('created_at', moment))
    op.bulk_insert(job, [{'kind': 'measure_tickets', 'payload': {}, 'state': 'pending', 'attempts': 0,
                          'run_after': now, 'created_at': now}])


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_index('ix_ticket_created_at', 'ticket')
    for name in NAMES:
        op.drop_column('ticket', name)
