"""downloads of documents

Revision ID: 1795381100
Revises: 1795380374
Create Date: 2026-11-22 20:58:20

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '1795381100'
down_revision: Union[str, Sequence[str], None] = '1795380374'
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table('document_download',
    sa.Column('document_id', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('reader', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_document_download_document_id_document'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('document_id', 'day', 'reader', name=op.f('pk_document_download'))
    )


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_table('document_download')
