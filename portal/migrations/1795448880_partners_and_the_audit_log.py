"""partners and the audit log

Revision ID: 1795448880
Revises: 1795435973
Create Date: 2026-11-23 15:48:01.045218

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '1795448880'
down_revision: Union[str, Sequence[str], None] = '1795435973'
branch_labels: Union[str, Sequence[str], None] = ()
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    op.create_table('audit_entry',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('actor_id', sa.Integer(), nullable=True),
    sa.Column('acting_as_id', sa.Integer(), nullable=True),
    sa.Column('organisation_id', sa.Integer(), nullable=True),
    sa.Column('partner_id', sa.Integer(), nullable=True),
    sa.Column('person_id', sa.Integer(), nullable=True),
    sa.Column('subject', sa.String(length=100), nullable=False),
    sa.Column('detail', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_entry'))
    )
    with op.batch_alter_table('audit_entry', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_audit_entry_actor_id'), ['actor_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_entry_at'), ['at'], unique=False)
        batch_op.create_index('ix_audit_entry_of_organisation', ['organisation_id', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_entry_partner_id'), ['partner_id'], unique=False)

    op.create_table('join_request',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('organisation_id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by_id', sa.Integer(), nullable=True),
    sa.Column('accepted', sa.Boolean(), nullable=True),
    sa.ForeignKeyConstraint(['decided_by_id'], ['users.id'], name=op.f('fk_join_request_decided_by_id_users'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_join_request_organisation_id_organisation'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_join_request_user_id_users'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_join_request'))
    )
    with op.batch_alter_table('join_request', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_join_request_organisation_id'), ['organisation_id'], unique=False)
        batch_op.create_index('uq_join_request_open', ['user_id', 'organisation_id'], unique=True, sqlite_where=sa.text('decided_at IS NULL'), postgresql_where=sa.text('decided_at IS NULL'))

    op.create_table('organisation_domain',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('organisation_id', sa.Integer(), nullable=False),
    sa.Column('domain', sa.String(length=255), nullable=False),
    sa.Column('proof', sa.String(length=64), nullable=False),
    sa.Column('claimed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('claimed_by_id', sa.Integer(), nullable=True),
    sa.Column('verified_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('verified_how', sa.String(length=10), nullable=False),
    sa.ForeignKeyConstraint(['claimed_by_id'], ['users.id'], name=op.f('fk_organisation_domain_claimed_by_id_users'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_organisation_domain_organisation_id_organisation'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_organisation_domain'))
    )
    with op.batch_alter_table('organisation_domain', schema=None) as batch_op:
        batch_op.create_index('uq_organisation_domain_claim', ['organisation_id', 'domain'], unique=True)
        batch_op.create_index('uq_organisation_domain_verified', ['domain'], unique=True, sqlite_where=sa.text('verified_at IS NOT NULL'), postgresql_where=sa.text('verified_at IS NOT NULL'))

    op.create_table('partner',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('organisation_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('level', sa.String(length=40), nullable=False),
    sa.Column('application', sa.JSON(), nullable=False),
    sa.Column('reference', sa.String(length=40), nullable=False),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('applied_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('applied_by_id', sa.Integer(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by_id', sa.Integer(), nullable=True),
    sa.Column('reason', sa.String(length=2000), nullable=False),
    sa.ForeignKeyConstraint(['applied_by_id'], ['users.id'], name=op.f('fk_partner_applied_by_id_users'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['decided_by_id'], ['users.id'], name=op.f('fk_partner_decided_by_id_users'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_partner_organisation_id_organisation'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_partner')),
    sa.UniqueConstraint('organisation_id', name=op.f('uq_partner_organisation_id'))
    )
    op.create_table('partner_announcement',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('level', sa.String(length=40), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['created_by_id'], ['users.id'], name=op.f('fk_partner_announcement_created_by_id_users'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_partner_announcement'))
    )
    with op.batch_alter_table('partner_announcement', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_partner_announcement_published_at'), ['published_at'], unique=False)

    op.create_table('partner_customer',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=20), nullable=False),
    sa.Column('reseller_id', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=True),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('email', sa.String(length=255), nullable=False),
    sa.Column('note', sa.String(length=2000), nullable=False),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['created_by_id'], ['users.id'], name=op.f('fk_partner_customer_created_by_id_users'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['customer_id'], ['organisation.id'], name=op.f('fk_partner_customer_customer_id_organisation'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['reseller_id'], ['organisation.id'], name=op.f('fk_partner_customer_reseller_id_organisation'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_partner_customer')),
    sa.UniqueConstraint('public_id', name=op.f('uq_partner_customer_public_id')),
    sa.UniqueConstraint('reseller_id', 'email', name=op.f('uq_partner_customer_reseller_id'))
    )
    with op.batch_alter_table('partner_customer', schema=None) as batch_op:
        batch_op.create_index('ix_partner_customer_pair', ['customer_id', 'reseller_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_partner_customer_reseller_id'), ['reseller_id'], unique=False)

    op.create_table('partner_document',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('summary', sa.String(length=500), nullable=False),
    sa.Column('level', sa.String(length=40), nullable=False),
    sa.Column('token', sa.String(length=64), nullable=False),
    sa.Column('file_name', sa.String(length=200), nullable=False),
    sa.Column('kind', sa.String(length=100), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by_id', sa.Integer(), nullable=True),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['created_by_id'], ['users.id'], name=op.f('fk_partner_document_created_by_id_users'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_partner_document')),
    sa.UniqueConstraint('token', name=op.f('uq_partner_document_token'))
    )
    op.create_table('partner_consent',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('relation_id', sa.Integer(), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=True),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('asked_by_id', sa.Integer(), nullable=True),
    sa.Column('asked_until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('wording', sa.Text(), nullable=False),
    sa.Column('given_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('given_by_id', sa.Integer(), nullable=True),
    sa.Column('refused_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_by_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['asked_by_id'], ['users.id'], name=op.f('fk_partner_consent_asked_by_id_users'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['given_by_id'], ['users.id'], name=op.f('fk_partner_consent_given_by_id_users'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['relation_id'], ['partner_customer.id'], name=op.f('fk_partner_consent_relation_id_partner_customer'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['withdrawn_by_id'], ['users.id'], name=op.f('fk_partner_consent_withdrawn_by_id_users'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_partner_consent')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_partner_consent_token_hash'))
    )
    with op.batch_alter_table('partner_consent', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_partner_consent_relation_id'), ['relation_id'], unique=False)

    op.create_table('stand_in',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('ticket_id', sa.Integer(), nullable=True),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['users.id'], name=op.f('fk_stand_in_person_id_users'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['staff_id'], ['users.id'], name=op.f('fk_stand_in_staff_id_users'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_stand_in_ticket_id_ticket'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_stand_in'))
    )
    with op.batch_alter_table('stand_in', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_stand_in_person_id'), ['person_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_stand_in_staff_id'), ['staff_id'], unique=False)

    op.create_table('partner_order',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('public_id', sa.String(length=20), nullable=False),
    sa.Column('form_key', sa.String(length=64), nullable=False),
    sa.Column('reseller_id', sa.Integer(), nullable=False),
    sa.Column('relation_id', sa.Integer(), nullable=False),
    sa.Column('bill_to_id', sa.Integer(), nullable=False),
    sa.Column('licensee', sa.String(length=200), nullable=False),
    sa.Column('email', sa.String(length=255), nullable=False),
    sa.Column('item_id', sa.Integer(), nullable=False),
    sa.Column('product_id', sa.Integer(), nullable=False),
    sa.Column('plan', sa.String(length=40), nullable=False),
    sa.Column('seats', sa.Integer(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('list_amount', sa.BigInteger(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('level', sa.String(length=40), nullable=False),
    sa.Column('begins', sa.Date(), nullable=False),
    sa.Column('ends', sa.Date(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('renews_id', sa.Integer(), nullable=True),
    sa.Column('licence_id', sa.Integer(), nullable=True),
    sa.Column('invoice_id', sa.Integer(), nullable=True),
    sa.Column('reason', sa.String(length=2000), nullable=False),
    sa.Column('placed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('placed_by_id', sa.Integer(), nullable=True),
    sa.Column('delivered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('cancelled_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['bill_to_id'], ['organisation.id'], name=op.f('fk_partner_order_bill_to_id_organisation')),
    sa.ForeignKeyConstraint(['invoice_id'], ['invoice.id'], name=op.f('fk_partner_order_invoice_id_invoice')),
    sa.ForeignKeyConstraint(['item_id'], ['catalogue_item.id'], name=op.f('fk_partner_order_item_id_catalogue_item')),
    sa.ForeignKeyConstraint(['licence_id'], ['licence.id'], name=op.f('fk_partner_order_licence_id_licence')),
    sa.ForeignKeyConstraint(['placed_by_id'], ['users.id'], name=op.f('fk_partner_order_placed_by_id_users'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_partner_order_product_id_product')),
    sa.ForeignKeyConstraint(['relation_id'], ['partner_customer.id'], name=op.f('fk_partner_order_relation_id_partner_customer')),
    sa.ForeignKeyConstraint(['renews_id'], ['partner_order.id'], name=op.f('fk_partner_order_renews_id_partner_order')),
    sa.ForeignKeyConstraint(['reseller_id'], ['organisation.id'], name=op.f('fk_partner_order_reseller_id_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_partner_order')),
    sa.UniqueConstraint('form_key', name=op.f('uq_partner_order_form_key')),
    sa.UniqueConstraint('invoice_id', name=op.f('uq_partner_order_invoice_id')),
    sa.UniqueConstraint('licence_id', name=op.f('uq_partner_order_licence_id')),
    sa.UniqueConstraint('public_id', name=op.f('uq_partner_order_public_id')),
    sa.UniqueConstraint('renews_id', name=op.f('uq_partner_order_renews_id'))
    )
    with op.batch_alter_table('partner_order', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_partner_order_relation_id'), ['relation_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_partner_order_reseller_id'), ['reseller_id'], unique=False)

    # Added in place: these tables are large, and others point at them.
    for table, column in (('licence', 'sold_by_id'), ('ticket', 'reseller_id')):
        op.execute(f"ALTER TABLE {table} ADD COLUMN {column} INTEGER "
                   f"CONSTRAINT fk_{table}_{column}_organisation REFERENCES organisation (id)")
        op.create_index(f'ix_{table}_{column}', table, [column], unique=False)
    op.add_column('membership', sa.Column('sees_all', sa.Boolean(), server_default=sa.false(), nullable=False))

    op.execute("INSERT INTO partner (organisation_id, state, level, application, reference, starts_at, applied_at, decided_at, reason) "
               "SELECT id, 'approved', '', '{}', '', created_at, created_at, created_at, '' FROM organisation WHERE is_reseller")
    if op.get_bind().dialect.name == 'postgresql':
        op.execute("CREATE OR REPLACE FUNCTION keep_the_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the audit log is only added to'; END $$")
        op.execute("CREATE TRIGGER audit_entry_no_change BEFORE UPDATE OR DELETE ON audit_entry FOR EACH ROW EXECUTE FUNCTION keep_the_audit_log()")
    else:
        for act in ('UPDATE', 'DELETE'):
            op.execute(f"CREATE TRIGGER audit_entry_no_{act.lower()} BEFORE {act} ON audit_entry BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END")


def downgrade() -> None:
    with op.batch_alter_table('membership', schema=None) as batch_op:
        batch_op.drop_column('sees_all')
    for table, column in (('ticket', 'reseller_id'), ('licence', 'sold_by_id')):
        op.drop_index(f'ix_{table}_{column}', table_name=table)
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_constraint(f'fk_{table}_{column}_organisation', type_='foreignkey')
            batch_op.drop_column(column)

    with op.batch_alter_table('partner_order', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_partner_order_reseller_id'))
        batch_op.drop_index(batch_op.f('ix_partner_order_relation_id'))

    op.drop_table('partner_order')
    with op.batch_alter_table('stand_in', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_stand_in_staff_id'))
        batch_op.drop_index(batch_op.f('ix_stand_in_person_id'))

    op.drop_table('stand_in')
    with op.batch_alter_table('partner_consent', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_partner_consent_relation_id'))

    op.drop_table('partner_consent')
    op.drop_table('partner_document')
    with op.batch_alter_table('partner_customer', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_partner_customer_reseller_id'))
        batch_op.drop_index('ix_partner_customer_pair')

    op.drop_table('partner_customer')
    with op.batch_alter_table('partner_announcement', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_partner_announcement_published_at'))

    op.drop_table('partner_announcement')
    op.drop_table('partner')
    with op.batch_alter_table('organisation_domain', schema=None) as batch_op:
        batch_op.drop_index('uq_organisation_domain_verified', sqlite_where=sa.text('verified_at IS NOT NULL'), postgresql_where=sa.text('verified_at IS NOT NULL'))
        batch_op.drop_index('uq_organisation_domain_claim')

    op.drop_table('organisation_domain')
    with op.batch_alter_table('join_request', schema=None) as batch_op:
        batch_op.drop_index('uq_join_request_open', sqlite_where=sa.text('decided_at IS NULL'), postgresql_where=sa.text('decided_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_join_request_organisation_id'))

    op.drop_table('join_request')
    with op.batch_alter_table('audit_entry', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_audit_entry_partner_id'))
        batch_op.drop_index('ix_audit_entry_of_organisation')
        batch_op.drop_index(batch_op.f('ix_audit_entry_at'))
        batch_op.drop_index(batch_op.f('ix_audit_entry_actor_id'))

    op.drop_table('audit_entry')
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('DROP FUNCTION keep_the_audit_log()')
