"""what editors note

Revision ID: 1795381300
Revises: 1795381100
Create Date: 2026-11-22 21:01:40.000000

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '1795381300'
down_revision: Union[str, Sequence[str], None] = '1795381100'
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table('insight_dismissal',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('view', sa.String(length=20), nullable=False),
    sa.Column('key', sa.String(length=200), nullable=False),
    sa.Column('lang', sa.String(length=20), nullable=False),
    sa.Column('by_id', sa.Integer(), nullable=True),
    sa.Column('dismissed_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['by_id'], ['users.id'], name=op.f('fk_insight_dismissal_by_id_users'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_insight_dismissal')),
    sa.UniqueConstraint('view', 'key', 'lang', name=op.f('uq_insight_dismissal_view'))
    )
    op.create_table('broken_link',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('article_id', sa.Integer(), nullable=False),
    sa.Column('target', sa.String(length=500), nullable=False),
    sa.Column('words', sa.String(length=200), nullable=False),
    sa.Column('reason', sa.String(length=20), nullable=False),
    sa.Column('found_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['article_id'], ['article.id'], name=op.f('fk_broken_link_article_id_article'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_broken_link')),
    sa.UniqueConstraint('article_id', 'target', name=op.f('uq_broken_link_article_id'))
    )
    op.create_table('article_ticket',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('article_id', sa.Integer(), nullable=False),
    sa.Column('ticket_id', sa.Integer(), nullable=False),
    sa.Column('by_id', sa.Integer(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['article_id'], ['article.id'], name=op.f('fk_article_ticket_article_id_article'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['by_id'], ['users.id'], name=op.f('fk_article_ticket_by_id_users'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_article_ticket_ticket_id_ticket'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_article_ticket')),
    sa.UniqueConstraint('article_id', 'ticket_id', name=op.f('uq_article_ticket_article_id'))
    )
    with op.batch_alter_table('article_ticket', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_article_ticket_ticket_id'), ['ticket_id'], unique=False)


def downgrade() -> None:
    """Downgrade schema."""
    with op.batch_alter_table('article_ticket', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_article_ticket_ticket_id'))

    op.drop_table('article_ticket')
    op.drop_table('broken_link')
    op.drop_table('insight_dismissal')
