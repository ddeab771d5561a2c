"""Topics and tickets that belong together.

Revision ID: 1795420500
Revises: 1795420000
"""

from typing import Sequence, Union

import sqlalchemy as sa
from alembic import op

revision: str = '1795420500'
down_revision: Union[str, Sequence[str], None] = '1795420000'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table('topic_ticket',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('topic_id', sa.Integer(), nullable=False),
    sa.Column('ticket_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('by_id', sa.Integer(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['by_id'], ['users.id'], name=op.f('fk_topic_ticket_by_id_users'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_topic_ticket_ticket_id_ticket'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['topic_id'], ['topic.id'], name=op.f('fk_topic_ticket_topic_id_topic'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_topic_ticket')),
    sa.UniqueConstraint('topic_id', 'ticket_id', name=op.f('uq_topic_ticket_topic_id'))
    )
    op.create_index('ix_topic_ticket_ticket_id', 'topic_ticket', ['ticket_id'], unique=False)


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_table('topic_ticket')
