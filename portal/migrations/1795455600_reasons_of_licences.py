"""reasons of licences

Revision ID: 1795455600
Revises: 1795452000
Create Date: 2026-11-23 17:40:00.000000

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '1795455600'
down_revision: Union[str, Sequence[str], None] = '1795452000'
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    with op.batch_alter_table('licence', schema=None) as batch_op:
        batch_op.add_column(sa.Column('seats', sa.Integer(), server_default='1', nullable=False))
        batch_op.add_column(sa.Column('reason', sa.String(length=2000), server_default='', nullable=False))
        batch_op.add_column(sa.Column('revoked_by_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('replaced_by_id', sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f('ix_licence_replaced_by_id'), ['replaced_by_id'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_licence_revoked_by_id_users'), 'users', ['revoked_by_id'], ['id'], ondelete='SET NULL')
        batch_op.create_foreign_key(batch_op.f('fk_licence_replaced_by_id_licence'), 'licence', ['replaced_by_id'], ['id'])

    with op.batch_alter_table('licence', schema=None) as batch_op:
        batch_op.alter_column('reason', existing_type=sa.String(length=2000), server_default=None)


def downgrade() -> None:
    with op.batch_alter_table('licence', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_licence_replaced_by_id_licence'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_licence_revoked_by_id_users'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_licence_replaced_by_id'))
        batch_op.drop_column('replaced_by_id')
        batch_op.drop_column('revoked_by_id')
        batch_op.drop_column('reason')
        batch_op.drop_column('seats')
