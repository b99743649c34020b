# METADATA
# title: Delivery
# description: >-
#   May this delivery happen, and under which obligations? One input document in, one decision out; every fact arrives
#   in `input` (policies/documents.py is its schema), so that a stored input and a stored bundle replay a decision. The
#   one datum beside it is `data.bundle.revision`, the digest of this bundle, which the decision repeats as proof of what
#   was evaluated. Times are epoch seconds; a window holds its start and not its end. `allow` is a conjunction of things
#   proven: a missing fact is undefined, and what is undefined proves nothing. `reasons` describe, and never decide.
package exchange.delivery

decision := {
	"allow": true,
	"reasons": [],
	"agreement": chosen.id,
	"obligations": obligations,
	"revision": data.bundle.revision,
} if allow

decision := {
	"allow": false,
	"reasons": [why | some why in reasons],
	"revision": data.bundle.revision,
} if not allow

default allow := false

allow if {
	role_held
	consumer_admitted
	principal_active
	owner_admitted
	dataset_published
	dataset_shared
	level_permitted
	lane_permitted
	consumer_in_terms
	terms_in_time
	records_offered
	purpose_in_terms
	chosen
	consent_settled
}

# The facts about who asks and what is asked for ----------------------------------------------------------------------

role_held if input.rbac.allow == true

consumer_admitted if input.subject.organisation_state == "admitted"

principal_active if input.subject.principal_state == "active"

owner_admitted if input.resource.owner_state == "admitted"

dataset_published if input.resource.state == "published"

dataset_shared if input.resource.sharing in {"unconditional", "conditional"}

# Core data enters no delivery, on any lane; nor does a dataset that is graded below one of its fields.
shareable_levels := {"G1", "G2", "G3", "G4", "IMPORTANT"}

level_permitted if {
	input.resource.level in shareable_levels
	every field in input.resource.fields { field.level in shareable_levels }
}

# The lane fixes the rules: government sharing is between departments.
lane_kinds := {
	"government": {"department"},
	"operation": {"department", "enterprise", "institution"},
	"trade": {"department", "enterprise", "institution"},
	"person": {"department", "enterprise", "institution"},
}

lane_permitted if input.subject.kind in lane_kinds[input.lane]

# The owner's terms, as they are now ----------------------------------------------------------------------------------

terms := input.resource.terms

consumer_in_terms if {
	welcome(terms.consumers.kinds, input.subject.kind)
	welcome(terms.consumers.levels, input.subject.level)
	welcome(terms.consumers.organisations, input.subject.organisation)
	consumer_in_group
}

consumer_in_group if count(terms.consumers.groups) == 0

consumer_in_group if {
	some group in terms.consumers.groups
	welcome(group.kinds, input.subject.kind)
	welcome(group.levels, input.subject.level)
	welcome(group.organisations, input.subject.organisation)
}

welcome(list, _) if count(list) == 0

welcome(list, one) if one in list

terms_in_time if input.now < terms.not_after

# A delivery is of records. Where only figures about groups of people may leave, there is none that would do.
records_offered if terms.min_group == 0

purpose_in_terms if input.purpose in terms.purposes

# The agreements: the first that holds now and covers what is asked ---------------------------------------------------

chosen := [agreement | some agreement in holding; covers(agreement)][0]

holding := [agreement | some agreement in addressed; holds(agreement)]

addressed := [agreement |
	some agreement in input.agreements
	agreement.consumer == input.subject.organisation
	agreement.dataset == input.resource.dataset
]

holds(agreement) if {
	agreement.state == "active"
	agreement.lane == input.lane
	agreement.not_before <= input.now
	input.now < agreement.not_after
	covers_purpose(agreement)
	impact_assessed(agreement)
	risk_assessed(agreement)
}

covers_purpose(agreement) if input.purpose in agreement.purposes

# What has to be on file before data leaves, with the dataset or with the agreement. Personal information in authorised
# operation and in trade: an impact assessment (PIPL Article 55). Important data: a risk assessment (Decree 790, Article 31).
on_file(_, kind) if kind in input.resource.assessments

on_file(agreement, kind) if kind in agreement.assessments

impact_assessed(agreement) if on_file(agreement, "impact")

impact_assessed(_) if input.lane in {"government", "person"}

impact_assessed(agreement) if {
	within := granted(agreement) | answering(agreement)
	every field in input.resource.fields { impersonal(field, within) }
}

impersonal(field, _) if field.personal == false

impersonal(field, within) if not field.name in within

risk_assessed(agreement) if on_file(agreement, "risk")

risk_assessed(_) if {
	input.resource.level in general_levels
	every field in input.resource.fields { field.level in general_levels }
}

general_levels := {"G1", "G2", "G3", "G4"}

# A filter on a masked or withheld field would reveal it by trial, so it needs the field granted in the clear.
covers(agreement) if {
	count(asked) == 0
	within := granted(agreement)
	count(leaving(within)) > 0
	count(requested - within) == 0
	count(((filtered - within) | (filtered & masked(agreement)))) == 0
}

# A request for answers is for nothing else; the fields that an answer rests on need not be granted.
covers(agreement) if {
	count(asked) > 0
	count(requested | filtered) == 0
	count(asked - answerable(agreement)) == 0
}

asked := {name | some name in input.answers} if input.answers

else := set()

answerable(agreement) := {offer.name | some offer in terms.answers; offer.name in agreement.answers}

# The fields that the answers of an agreement rest on.
answering(agreement) := {name |
	some offer in terms.answers
	offer.name in agreement.answers
	some name in offer.fields
}

# Named in rules of their own: a list that is missing leaves these undefined, where a comprehension would find it empty.
requested := {name | some name in list} if list := input.requested

filtered := {name | some name in list} if list := input.filtered

grantable := {name | some name in terms.fields} & {field.name | some field in input.resource.fields}

granted(agreement) := grantable & {name | some name in agreement.fields}

masked(agreement) := object.keys(terms.masks) | object.keys(agreement.masks)

# No request for particular fields is a request for all that are granted.
leaving(within) := within if count(requested) == 0

leaving(within) := within & requested if count(requested) > 0

# The people whom the rows are about ----------------------------------------------------------------------------------

# Consent is needed where the terms ask for it, and in authorised operation and in trade for rows about people (PIPL
# Articles 13 and 23), unless the terms state another basis. A notice covers a delivery whose fields, those of its filters
# too, it names. What an agreement was granted under stays so: terms that drop consent, or state a basis later, do not widen
# it. Which people consented is no fact of a decision: the obligation `people` names the notices, and each row is
# released only while its person's consent to one of them holds.
consent_settled if consent_unneeded

else := count(covering) > 0

consent_unneeded if {
	terms.consent == false
	not chosen.consent
	consent_unasked
}

consent_unasked if input.lane in {"government", "person"}

consent_unasked if {
	terms.basis
	not chosen.without_basis
}

consent_unasked if {
	within := shown
	every field in input.resource.fields { about_nobody(field, within) }
}

about_nobody(field, within) if {
	field.subject_key == false
	impersonal(field, within)
}

# What a delivery shows: the fields that leave, and those whose values its filters name; or those that its answers rest on.
shown := leaving(granted(chosen)) | filtered if count(asked) == 0

shown := {name | some offer in terms.answers; offer.name in asked; some name in offer.fields} if count(asked) > 0

covering := [scope.scope |
	some scope in input.consent.scopes
	count(shown - named_in(scope)) == 0
]

named_in(scope) := {name | some name in scope.fields}

some_notice if count(input.consent.scopes) > 0

# What an allowed delivery obliges ------------------------------------------------------------------------------------

obligations := {name: value | some part in [what, limits, people]; some name, value in part} if limits

what := {"columns": columns} if count(asked) == 0

what := {"columns": [], "answers": answers} if count(asked) > 0

answers := [{"name": offer.name, "where": offer.where} |
	some offer in terms.answers
	offer.name in asked
]

people := {} if consent_unneeded

people := {"people": {"consent": covering}} if {
	not consent_unneeded
}

limits := {
	"row_filters": array.concat(terms.row_filters, chosen.row_filters),
	"row_cap": lower(terms.row_cap, chosen.row_cap),
	"rates": terms.rates,
	"not_after": lower(terms.not_after, chosen.not_after),
}

columns := [column |
	some field in input.resource.fields
	field.name in within
	column := released(field.name)
] if {
	within := leaving(granted(chosen))
}

# Where both sides mask, the mask goes that shows no more than either; where neither of two does, nothing is shown.
released(name) := {"name": name, "mask": stricter(terms.masks[name], chosen.masks[name])} if {
	terms.masks[name]
	chosen.masks[name]
}

else := {"name": name, "mask": terms.masks[name]} if terms.masks[name]

else := {"name": name, "mask": chosen.masks[name]} if chosen.masks[name]

else := {"name": name} if not name in masked(chosen)

stricter(a, b) := a if hides(a, b)

else := b if hides(b, a)

else := {"kind": "null"}

# Whether what a mask shows follows from what the other shows.
hides(a, b) if a == b

hides(a, _) if a.kind in {"null", "constant"}

hides(a, b) if {
	a.kind == "year"
	b.kind == "month"
}

hides(a, b) if {
	a == {"kind": "partial", "keep_start": 0, "keep_end": 0}
	b.kind == "partial"
}

hides(a, b) if {
	a.kind == "prefix"
	b.kind == "prefix"
	a.length <= b.length
}

hides(a, b) if {
	a.kind == "bucket"
	b.kind == "bucket"
	a.size % b.size == 0
}

lower(a, b) := a if a <= b

lower(a, b) := b if b < a

# Explanations: one for everything that is not proven -----------------------------------------------------------------

because(code, rule, ref) := {"code": code, "rule": sprintf("delivery.%s", [rule]), "ref": ref}

reasons contains because("role-missing", "role_held", input.subject.principal) if not role_held

reasons contains because("consumer-not-admitted", "consumer_admitted", input.subject.organisation) if not consumer_admitted

reasons contains because("principal-suspended", "principal_active", input.subject.principal) if not principal_active

reasons contains because("owner-not-admitted", "owner_admitted", input.resource.owner) if not owner_admitted

reasons contains because("dataset-unavailable", "dataset_published", input.resource.dataset) if not dataset_published

reasons contains because("dataset-not-shared", "dataset_shared", input.resource.dataset) if not dataset_shared

reasons contains because("level-forbidden", "level_permitted", input.resource.dataset) if not level_permitted

reasons contains because("lane-mismatch", "lane_permitted", input.lane) if not lane_permitted

reasons contains because("consumer-not-in-terms", "consumer_in_terms", input.subject.organisation) if not consumer_in_terms

reasons contains because("terms-expired", "terms_in_time", input.resource.dataset) if not terms_in_time

reasons contains because("aggregates-only", "records_offered", input.resource.dataset) if not records_offered

reasons contains because("consent-missing", "consent_settled", input.resource.dataset) if {
	chosen
	not consent_settled
}

# Without an agreement nothing is known to be shown; but where the terms ask, nobody's data leaves without a notice.
reasons contains because("consent-missing", "consent_settled", input.resource.dataset) if {
	terms.consent == true
	not some_notice
}

reasons contains because("purpose-not-granted", "purpose_in_terms", input.resource.dataset) if not purpose_in_terms

reasons contains because("agreement-missing", "chosen", input.resource.dataset) if count(addressed) == 0

# What has been said to have expired stays so, even for a clock that was set back.
expired(agreement) if agreement.state == "expired"

expired(agreement) if input.now >= agreement.not_after

# While no agreement holds, each says what is wrong with it; as soon as one holds, the old ones are beside the point.
failing := [agreement | some agreement in addressed; count(holding) == 0]

reasons contains because("agreement-suspended", "holds", agreement.id) if {
	some agreement in failing
	agreement.state == "suspended"
}

reasons contains because("agreement-terminated", "holds", agreement.id) if {
	some agreement in failing
	agreement.state == "terminated"
}

reasons contains because("agreement-not-yet-valid", "holds", agreement.id) if {
	some agreement in failing
	input.now < agreement.not_before
}

reasons contains because("agreement-expired", "holds", agreement.id) if {
	some agreement in failing
	expired(agreement)
}

reasons contains because("impact-assessment-missing", "impact_assessed", agreement.id) if {
	some agreement in failing
	not impact_assessed(agreement)
}

# Of core data this would say what cannot help.
reasons contains because("risk-assessment-missing", "risk_assessed", agreement.id) if {
	some agreement in failing
	level_permitted
	not risk_assessed(agreement)
}

reasons contains because("lane-mismatch", "holds", agreement.id) if {
	some agreement in failing
	agreement.lane != input.lane
}

reasons contains because("purpose-not-granted", "holds", agreement.id) if {
	some agreement in failing
	not covers_purpose(agreement)
}

reasons contains because("field-not-granted", "covers", name) if {
	not chosen
	some name in (requested - granted(holding[0]))
}

reasons contains because("filter-not-granted", "covers", name) if {
	not chosen
	some name in ((filtered - granted(holding[0])) | (filtered & masked(holding[0])))
}

reasons contains because("answer-not-granted", "covers", name) if {
	not chosen
	some name in (asked - answerable(holding[0]))
}

reasons contains because("nothing-granted", "covers", holding[0].id) if {
	not chosen
	count(asked) == 0
	count(granted(holding[0])) == 0
}
