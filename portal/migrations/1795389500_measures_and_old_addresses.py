"""what pictures measure, and old addresses of documents

Revision ID: 1795389500
Revises: 1795382000
Create Date: 2026-11-22 23:20:00

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '1795389500'
down_revision: Union[str, Sequence[str], None] = '1795382000'
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table('document_old_address',
    sa.Column('slug', sa.String(length=120), nullable=False),
    sa.Column('document_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_document_old_address_document_id_document'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('slug', 'document_id', name=op.f('pk_document_old_address'))
    )
    with op.batch_alter_table('document_old_address', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_document_old_address_document_id'), ['document_id'], unique=False)

    op.add_column('article_file', sa.Column('width', sa.Integer(), nullable=True))
    op.add_column('article_file', sa.Column('height', sa.Integer(), nullable=True))


def downgrade() -> None:
    """Downgrade schema."""
    with op.batch_alter_table('article_file', schema=None) as batch_op:
        batch_op.drop_column('height')
        batch_op.drop_column('width')
    op.drop_table('document_old_address')
