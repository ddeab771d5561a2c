"""bulk acts

Revision ID: 1795414000
Revises: 1795413000
Create Date: 2026-11-23 04:09:00

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '1795414000'
down_revision: Union[str, Sequence[str], None] = '1795413000'
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table('bulk_act',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('by_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('detail', sa.JSON(), nullable=False),
    sa.Column('done', sa.JSON(), nullable=False),
    sa.Column('refused', sa.JSON(), nullable=False),
    sa.Column('left', sa.JSON(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('undone_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['by_id'], ['users.id'], name=op.f('fk_bulk_act_by_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bulk_act'))
    )
    op.create_index('ix_bulk_act_by_id', 'bulk_act', ['by_id'], unique=False)
    op.create_index('ix_bulk_act_at', 'bulk_act', ['at'], unique=False)


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_table('bulk_act')
