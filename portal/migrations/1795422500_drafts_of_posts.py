"""drafts of posts

Revision ID: 1795422500
Revises: 1795422000
Create Date: 2026-11-23 06:55:00

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa
import portal.db


revision: str = '1795422500'
down_revision: Union[str, Sequence[str], None] = '1795422000'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    op.create_table(
        'post_draft',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('owner_id', sa.Integer(), nullable=False),
        sa.Column('topic_id', sa.Integer(), nullable=True),
        sa.Column('form_key', sa.String(length=32), nullable=False),
        sa.Column('fields', sa.JSON(), nullable=False),
        sa.Column('updated_at', portal.db.Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_post_draft_owner_id_users'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['topic_id'], ['topic.id'], name=op.f('fk_post_draft_topic_id_topic'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_post_draft')),
        sa.UniqueConstraint('form_key', name=op.f('uq_post_draft_form_key')),
    )
    op.create_index('ix_post_draft_owner', 'post_draft', ['owner_id', 'topic_id', 'updated_at'])
    op.create_index(op.f('ix_post_draft_topic_id'), 'post_draft', ['topic_id'])
    op.create_index('ix_topic_thanks', 'topic', ['state', 'votes', 'id'])
    op.create_index('ix_topic_new', 'topic', ['state', 'created_at', 'id'])


def downgrade() -> None:
    op.drop_index('ix_topic_new', table_name='topic')
    op.drop_index('ix_topic_thanks', table_name='topic')
    op.drop_table('post_draft')
