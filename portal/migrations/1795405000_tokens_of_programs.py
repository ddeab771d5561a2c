"""tokens of programs

Revision ID: 1795405000
Revises: 1795404500
Create Date: 2026-11-23 03:26:00

"""
from typing import Sequence, Union

import sqlalchemy as sa
from alembic import op

import portal.db


# revision identifiers, used by Alembic.
revision: str = '1795405000'
down_revision: Union[str, Sequence[str], None] = '1795404500'
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table('personal_token',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('uniquifier', sa.String(length=64), nullable=False),
    sa.Column('scopes', sa.JSON(), nullable=False),
    sa.Column('created_at', portal.db.Moment(timezone=True), nullable=False),
    sa.Column('expires_at', portal.db.Moment(timezone=True), nullable=False),
    sa.Column('used_at', portal.db.Moment(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_personal_token_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_personal_token')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_personal_token_token_hash'))
    )
    with op.batch_alter_table('personal_token', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_personal_token_user_id'), ['user_id'], unique=False)

    op.create_table('kept_answer',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=255), nullable=False),
    sa.Column('fingerprint', sa.String(length=64), nullable=False),
    sa.Column('status', sa.Integer(), nullable=True),
    sa.Column('location', sa.String(length=500), nullable=True),
    sa.Column('body', sa.Text(), nullable=True),
    sa.Column('created_at', portal.db.Moment(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_kept_answer_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_kept_answer'))
    )
    with op.batch_alter_table('kept_answer', schema=None) as batch_op:
        batch_op.create_index('uq_kept_answer_key', ['user_id', 'key'], unique=True)
        batch_op.create_index(batch_op.f('ix_kept_answer_created_at'), ['created_at'], unique=False)


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_table('kept_answer')
    op.drop_table('personal_token')
