"""following one incident

Revision ID: 1795452000
Revises: 1795451600
Create Date: 2026-11-23 16:45:00.000000

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '1795452000'
down_revision: Union[str, Sequence[str], None] = '1795451600'
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    op.create_table('subscriber_incident',
    sa.Column('subscriber_id', sa.Integer(), nullable=False),
    sa.Column('incident_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['incident_id'], ['incident.id'], name=op.f('fk_subscriber_incident_incident_id_incident'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['subscriber_id'], ['subscriber.id'], name=op.f('fk_subscriber_incident_subscriber_id_subscriber'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('subscriber_id', 'incident_id', name=op.f('pk_subscriber_incident'))
    )
    with op.batch_alter_table('subscriber_incident', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_subscriber_incident_incident_id'), ['incident_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('subscriber_incident', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_subscriber_incident_incident_id'))

    op.drop_table('subscriber_incident')
