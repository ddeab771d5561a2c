"""where agents stand

Revision ID: 1795411500
Revises: 1795411300
Create Date: 2026-11-23 04:05:00

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa

import portal.db


# revision identifiers, used by Alembic.
revision: str = '1795411500'
down_revision: Union[str, Sequence[str], None] = '1795411300'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table('station',
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('queues', sa.JSON(), nullable=False),
    sa.Column('languages', sa.JSON(), nullable=False),
    sa.Column('products', sa.JSON(), nullable=False),
    sa.Column('skills', sa.JSON(), nullable=False),
    sa.Column('shift', sa.String(length=40), nullable=True),
    sa.Column('takes_tickets', sa.Boolean(), nullable=False),
    sa.Column('given_at', portal.db.Moment(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_station_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', name=op.f('pk_station'))
    )


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_table('station')
