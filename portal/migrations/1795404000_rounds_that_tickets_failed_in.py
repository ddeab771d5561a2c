"""rounds that tickets failed in

Revision ID: 1795404000
Revises: 1795394303
Create Date: 2026-11-23 03:20:00

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '1795404000'
down_revision: Union[str, Sequence[str], None] = '1795394303'
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table('setback',
    sa.Column('ticket_id', sa.Integer(), nullable=False),
    sa.Column('round', sa.String(length=10), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('again_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_setback_ticket_id_ticket'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('ticket_id', 'round', name=op.f('pk_setback'))
    )


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_table('setback')
