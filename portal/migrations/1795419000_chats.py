"""chats

Revision ID: 1795419000
Revises: 1795414500
Create Date: 2026-11-23 04:05:00

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '1795419000'
down_revision: Union[str, Sequence[str], None] = '1795414500'
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    live = sa.text("state != 'ended'")
    op.create_table('chat',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('requester_id', sa.Integer(), nullable=False),
    sa.Column('organisation_id', sa.Integer(), nullable=True),
    sa.Column('product_id', sa.Integer(), nullable=True),
    sa.Column('agent_id', sa.Integer(), nullable=True),
    sa.Column('ticket_id', sa.Integer(), nullable=True),
    sa.Column('rank', sa.Integer(), nullable=False),
    sa.Column('language', sa.String(length=10), nullable=False),
    sa.Column('zone', sa.String(length=64), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('awaits_agent', sa.Boolean(), nullable=False),
    sa.Column('began_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('said_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('customer_typed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('agent_typed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('taken_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['agent_id'], ['users.id'], name=op.f('fk_chat_agent_id_users')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_chat_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_chat_product_id_product')),
    sa.ForeignKeyConstraint(['requester_id'], ['users.id'], name=op.f('fk_chat_requester_id_users')),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_chat_ticket_id_ticket'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_chat'))
    )
    op.create_index('ix_chat_agent_id', 'chat', ['agent_id'], unique=False)
    op.create_index('ix_chat_queue', 'chat', ['state', 'rank', 'id'], unique=False)
    op.create_index('ix_chat_requester_id', 'chat', ['requester_id'], unique=False)
    op.create_index('ix_chat_ticket_id', 'chat', ['ticket_id'], unique=False)
    op.create_index('uq_chat_live_requester', 'chat', ['requester_id'], unique=True, sqlite_where=live, postgresql_where=live)
    op.create_table('chat_message',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('chat_id', sa.Integer(), nullable=False),
    sa.Column('author_id', sa.Integer(), nullable=False),
    sa.Column('is_agents', sa.Boolean(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('form_key', sa.String(length=64), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['author_id'], ['users.id'], name=op.f('fk_chat_message_author_id_users')),
    sa.ForeignKeyConstraint(['chat_id'], ['chat.id'], name=op.f('fk_chat_message_chat_id_chat'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_chat_message')),
    sa.UniqueConstraint('form_key', name=op.f('uq_chat_message_form_key'))
    )
    op.create_index('ix_chat_message_chat_id', 'chat_message', ['chat_id'], unique=False)
    op.create_table('chat_file',
    sa.Column('attachment_id', sa.Integer(), nullable=False),
    sa.Column('message_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['attachment_id'], ['attachment.id'], name=op.f('fk_chat_file_attachment_id_attachment'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['message_id'], ['chat_message.id'], name=op.f('fk_chat_file_message_id_chat_message'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('attachment_id', name=op.f('pk_chat_file'))
    )
    op.create_index('ix_chat_file_message_id', 'chat_file', ['message_id'], unique=False)


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_table('chat_file')
    op.drop_table('chat_message')
    op.drop_table('chat')
