"""where articles came from

Revision ID: 1795382000
Revises: 1795381300
Create Date: 2026-11-22 21:10:00

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '1795382000'
down_revision: Union[str, Sequence[str], None] = '1795381300'
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table('article_origin',
    sa.Column('article_id', sa.Integer(), nullable=False),
    sa.Column('source', sa.String(length=200), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['article_id'], ['article.id'], name=op.f('fk_article_origin_article_id_article'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('article_id', name=op.f('pk_article_origin'))
    )
    with op.batch_alter_table('article_origin', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_article_origin_source'), ['source'], unique=False)


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_table('article_origin')
