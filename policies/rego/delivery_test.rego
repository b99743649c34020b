# METADATA
# title: Tests of the delivery policy
# description: Run by `opa test` and, on the embedded engine, by tests/policies/rego/test_rego.py.
package exchange.delivery_test

import data.exchange.delivery

request := {
	"schema": 1,
	"action": "deliver",
	"lane": "operation",
	"purpose": "talent-service",
	"requested": [],
	"filtered": ["id"],
	"subject": {
		"principal": "system-1",
		"organisation": "platform",
		"kind": "institution",
		"level": "province",
		"organisation_state": "admitted",
		"principal_state": "active",
	},
	"rbac": {"allow": true, "roles": ["consumer"]},
	"resource": {
		"dataset": "people",
		"owner": "department",
		"owner_state": "admitted",
		"state": "published",
		"version": 3,
		"sharing": "conditional",
		"level": "G4",
		"fields": [
			{"name": "id", "level": "G2", "personal": true, "sensitive": false, "subject_key": false},
			{"name": "name", "level": "G3", "personal": true, "sensitive": false, "subject_key": false},
			{"name": "region", "level": "G1", "personal": false, "sensitive": false, "subject_key": false},
			{"name": "salary", "level": "G4", "personal": true, "sensitive": true, "subject_key": false},
			{"name": "degree", "level": "G2", "personal": true, "sensitive": false, "subject_key": false},
		],
		"terms": {
			"consumers": {"kinds": ["institution", "department"], "levels": [], "organisations": [], "groups": []},
			"purposes": ["talent-service", "statistics"],
			"fields": ["region", "id", "name", "salary", "gone"],
			"masks": {"name": {"kind": "partial", "keep_start": 1, "keep_end": 0}},
			"row_filters": [{"field": "region", "op": "eq", "value": "330100"}],
			"not_after": 4000,
			"row_cap": 1000,
			"rates": [{"requests": 100, "seconds": 3600}],
			"consent": false,
			"basis": "statutory-duty",
			"min_group": 0,
		},
		"assessments": ["impact"],
	},
	"agreements": [{
		"id": "first",
		"consumer": "platform",
		"dataset": "people",
		"lane": "operation",
		"state": "active",
		"not_before": 1000,
		"not_after": 2000,
		"purposes": ["talent-service"],
		"fields": ["degree", "salary", "name", "id", "region", "gone"],
		"masks": {"salary": {"kind": "bucket", "size": 1000}},
		"row_filters": [{"field": "degree", "op": "in", "value": ["master", "doctor"]}],
		"row_cap": 500,
		"assessments": [],
	}],
	"now": 1500,
}

changed(path, value) := json.patch(request, [{"op": "replace", "path": path, "value": value}])

# Why a document is refused; undefined when it is not.
codes(document) := {[why.code, why.rule, why.ref] | some why in decision.reasons} if {
	decision := delivery.decision with input as document with data.bundle.revision as "test"
	not decision.allow
}

# What is allowed, and under which obligations

test_allowed_by_the_first_agreement if {
	delivery.decision == {
		"allow": true,
		"reasons": [],
		"agreement": "first",
		"obligations": {
			"columns": [
				{"name": "id"},
				{"name": "name", "mask": {"kind": "partial", "keep_start": 1, "keep_end": 0}},
				{"name": "region"},
				{"name": "salary", "mask": {"kind": "bucket", "size": 1000}},
			],
			"row_filters": [
				{"field": "region", "op": "eq", "value": "330100"},
				{"field": "degree", "op": "in", "value": ["master", "doctor"]},
			],
			"row_cap": 500,
			"rates": [{"requests": 100, "seconds": 3600}],
			"not_after": 2000,
		},
		"revision": "test",
	} with input as request with data.bundle.revision as "test"
}

test_requested_fields_come_in_the_order_of_the_dataset if {
	delivery.columns == [{"name": "id"}, {"name": "region"}] with input as changed("/requested", ["region", "id"])
}

test_numbers_are_compared_as_numbers if {
	bounds := delivery.obligations with input as json.patch(request, [
		{"op": "replace", "path": "/resource/terms/row_cap", "value": 1000000},
		{"op": "replace", "path": "/agreements/0/row_cap", "value": 1037},
		{"op": "replace", "path": "/resource/terms/not_after", "value": 10000},
		{"op": "replace", "path": "/agreements/0/not_after", "value": 9999},
	])
	bounds.row_cap == 1037
	bounds.not_after == 9999
}

test_the_terms_bounds_hold_where_they_are_narrower if {
	bounds := delivery.obligations with input as json.patch(request, [
		{"op": "replace", "path": "/resource/terms/row_cap", "value": 20},
		{"op": "replace", "path": "/resource/terms/not_after", "value": 1600},
	])
	bounds.row_cap == 20
	bounds.not_after == 1600
}

test_equal_bounds_are_one_bound if {
	bounds := delivery.obligations with input as json.patch(request, [
		{"op": "replace", "path": "/resource/terms/row_cap", "value": 500},
		{"op": "replace", "path": "/resource/terms/not_after", "value": 2000},
	])
	bounds.row_cap == 500
	bounds.not_after == 2000
}

test_masks_that_show_different_things_show_nothing_together if {
	weaker := changed("/agreements/0/masks", {"name": {"kind": "prefix", "length": 9}})
	column := delivery.columns[1] with input as weaker
	column == {"name": "name", "mask": {"kind": "null"}}
}

test_of_two_masks_the_stricter_goes if {
	start := {"kind": "partial", "keep_start": 1, "keep_end": 0}
	stars := {"kind": "partial", "keep_start": 0, "keep_end": 0}
	end := {"kind": "partial", "keep_start": 0, "keep_end": 1}
	nothing := {"kind": "null"}
	fixed := {"kind": "constant", "value": 1}
	year := {"kind": "year"}
	month := {"kind": "month"}
	hash := {"kind": "hash"}
	four := {"kind": "prefix", "length": 4}
	six := {"kind": "prefix", "length": 6}
	tens := {"kind": "bucket", "size": 10}
	fifteens := {"kind": "bucket", "size": 15}
	thirties := {"kind": "bucket", "size": 30}
	every triple in [
		[{"kind": "other", "length": 4}, six, nothing],
		[four, {"kind": "other", "length": 6}, nothing],
		[{"kind": "other", "size": 30}, tens, nothing],
		[thirties, {"kind": "other", "size": 10}, nothing],
		[start, start, start], [hash, hash, hash], [start, stars, stars], [end, stars, stars], [start, end, nothing],
		[nothing, start, nothing], [fixed, hash, fixed], [hash, nothing, nothing], [year, month, year],
		[year, hash, nothing], [hash, month, nothing], [four, six, four], [tens, thirties, thirties],
		[fifteens, thirties, thirties], [tens, fifteens, nothing], [four, start, nothing], [six, tens, nothing],
		[four, tens, nothing], [stars, four, nothing], [stars, hash, nothing],
	] {
		delivery.stricter(triple[0], triple[1]) == triple[2]
		delivery.stricter(triple[1], triple[0]) == triple[2]
	}
}

test_an_agreement_may_withhold_what_terms_mask if {
	withheld := changed("/agreements/0/masks", {"name": {"kind": "null"}, "id": {"kind": "constant", "value": "x"}})
	delivery.columns[1] == {"name": "name", "mask": {"kind": "null"}} with input as json.patch(withheld, [{
		"op": "replace",
		"path": "/filtered",
		"value": [],
	}])
}

test_the_first_agreement_that_covers_the_request_is_chosen if {
	narrow := object.union(request.agreements[0], {"id": "narrow", "fields": ["region"]})
	expired := object.union(request.agreements[0], {"id": "expired", "not_after": 1500})
	several := changed("/agreements", [expired, narrow, request.agreements[0]])
	delivery.chosen.id == "first" with input as several
	delivery.chosen.id == "narrow" with input as json.patch(several, [{"op": "replace", "path": "/filtered", "value": []}])
}

test_a_window_holds_its_start_and_not_its_end if {
	delivery.allow with input as changed("/now", 1000)
	delivery.allow with input as changed("/now", 1999)
	not delivery.allow with input as changed("/now", 999)
	not delivery.allow with input as changed("/now", 2000)
}

test_empty_lists_of_consumers_leave_the_terms_open if {
	open := {"kinds": [], "levels": [], "organisations": [], "groups": []}
	delivery.allow with input as changed("/resource/terms/consumers", open)
}

# What is refused, and why

test_role_missing if {
	codes(changed("/rbac/allow", false)) == {["role-missing", "delivery.role_held", "system-1"]}
}

test_consumer_not_admitted if {
	every state in ["registered", "suspended", "departed"] {
		codes(changed("/subject/organisation_state", state)) == {[
			"consumer-not-admitted",
			"delivery.consumer_admitted",
			"platform",
		]}
	}
}

test_principal_suspended if {
	codes(changed("/subject/principal_state", "suspended")) == {[
		"principal-suspended",
		"delivery.principal_active",
		"system-1",
	]}
}

test_owner_not_admitted if {
	codes(changed("/resource/owner_state", "departed")) == {["owner-not-admitted", "delivery.owner_admitted", "department"]}
}

test_dataset_unavailable if {
	every state in ["draft", "withdrawn"] {
		codes(changed("/resource/state", state)) == {["dataset-unavailable", "delivery.dataset_published", "people"]}
	}
}

test_dataset_not_shared if {
	codes(changed("/resource/sharing", "not_shared")) == {["dataset-not-shared", "delivery.dataset_shared", "people"]}
	delivery.allow with input as changed("/resource/sharing", "unconditional")
}

test_level_forbidden if {
	forbidden := {["level-forbidden", "delivery.level_permitted", "people"]}
	codes(changed("/resource/level", "CORE")) == forbidden
	codes(changed("/resource/fields/4/level", "CORE")) == forbidden
	core := changed("/resource/level", "CORE")
	codes(json.patch(core, [{"op": "add", "path": "/resource/assessments/-", "value": "risk"}])) == forbidden
}

test_personal_information_needs_an_impact_assessment if {
	without := changed("/resource/assessments", [])
	missing := {["impact-assessment-missing", "delivery.impact_assessed", "first"]}
	codes(without) == missing
	trade := [{"op": "replace", "path": "/lane", "value": "trade"}, {"op": "replace", "path": "/agreements/0/lane", "value": "trade"}]
	codes(json.patch(without, trade)) == missing
	codes(changed("/resource/assessments", ["risk"])) == missing
	delivery.allow with input as json.patch(without, [{
		"op": "replace",
		"path": "/agreements/0/assessments",
		"value": ["impact"],
	}])
	impersonal := [
		{"op": "replace", "path": "/agreements/0/fields", "value": ["region"]},
		{"op": "replace", "path": "/filtered", "value": ["region"]},
	]
	delivery.allow with input as json.patch(without, impersonal)
	codes(json.patch(without, [impersonal[0]])) == {["filter-not-granted", "delivery.covers", "id"]}
}

test_other_lanes_need_no_impact_assessment if {
	every lane in ["government", "person"] {
		delivery.allow with input as json.patch(request, [
			{"op": "replace", "path": "/resource/assessments", "value": []},
			{"op": "replace", "path": "/lane", "value": lane},
			{"op": "replace", "path": "/agreements/0/lane", "value": lane},
			{"op": "replace", "path": "/subject/kind", "value": "department"},
		])
	}
}

test_important_data_needs_a_risk_assessment if {
	missing := {["risk-assessment-missing", "delivery.risk_assessed", "first"]}
	codes(changed("/resource/level", "IMPORTANT")) == missing
	codes(changed("/resource/fields/2/level", "IMPORTANT")) == missing
	important := changed("/resource/level", "IMPORTANT")
	delivery.allow with input as json.patch(important, [{"op": "add", "path": "/resource/assessments/-", "value": "risk"}])
	delivery.allow with input as json.patch(important, [{"op": "add", "path": "/agreements/0/assessments/-", "value": "risk"}])
}

test_government_sharing_is_between_departments if {
	government := json.patch(request, [
		{"op": "replace", "path": "/lane", "value": "government"},
		{"op": "replace", "path": "/agreements/0/lane", "value": "government"},
	])
	codes(government) == {["lane-mismatch", "delivery.lane_permitted", "government"]}
	department := [{"op": "replace", "path": "/subject/kind", "value": "department"}]
	delivery.allow with input as json.patch(government, department)
}

test_the_other_lanes_are_open_to_every_kind if {
	every lane in ["operation", "trade", "person"] {
		every kind in ["department", "enterprise", "institution"] {
			delivery.lane_permitted with input as {"lane": lane, "subject": {"kind": kind}}
		}
	}
}

test_lane_of_the_agreement if {
	codes(changed("/lane", "trade")) == {["lane-mismatch", "delivery.holds", "first"]}
}

test_consumer_not_in_terms if {
	outside := {["consumer-not-in-terms", "delivery.consumer_in_terms", "platform"]}
	codes(changed("/subject/kind", "enterprise")) == outside
	codes(changed("/resource/terms/consumers/levels", ["city"])) == outside
	codes(changed("/resource/terms/consumers/organisations", ["another"])) == outside
	delivery.allow with input as changed("/resource/terms/consumers/organisations", ["another", "platform"])
}

test_consumer_in_one_of_the_groups if {
	other := {"kinds": [], "levels": ["city"], "organisations": []}
	own := {"kinds": ["institution"], "levels": ["province"], "organisations": ["platform"]}
	outside := {["consumer-not-in-terms", "delivery.consumer_in_terms", "platform"]}
	delivery.allow with input as changed("/resource/terms/consumers/groups", [other, own])
	codes(changed("/resource/terms/consumers/groups", [other])) == outside
	every side in ["kinds", "levels", "organisations"] {
		another := [object.union(own, {side: ["another"]})]
		codes(changed("/resource/terms/consumers/groups", another)) == outside
	}
	codes(json.patch(changed("/resource/terms/consumers/groups", [own]), [{
		"op": "replace",
		"path": "/resource/terms/consumers/levels",
		"value": ["city"],
	}])) == outside
}

test_terms_expired if {
	codes(changed("/resource/terms/not_after", 1500)) == {["terms-expired", "delivery.terms_in_time", "people"]}
}

test_aggregates_only if {
	codes(changed("/resource/terms/min_group", 5)) == {["aggregates-only", "delivery.records_offered", "people"]}
}

without_consent := {["consent-missing", "delivery.consent_settled", "people"]}

without_basis := {"op": "remove", "path": "/resource/terms/basis"}

# The notices have the numbers 7, 8, …, each for a list of fields.
under_notices(document, lists) := json.patch(document, [{
	"op": "add",
	"path": "/consent",
	"value": {"scopes": [{"scope": 7 + place, "fields": fields} | some place, fields in lists]},
}])

people_of(document) := obligations.people if {
	obligations := delivery.obligations with input as document
}

test_consent_missing if {
	codes(changed("/resource/terms/consent", true)) == without_consent
	codes(json.patch(request, [without_basis])) == without_consent
	codes(under_notices(json.patch(request, [without_basis]), [])) == without_consent
}

test_terms_that_ask_outweigh_a_basis_and_a_lane if {
	asking := changed("/resource/terms/consent", true)
	codes(under_notices(asking, [["id", "name", "region"]])) == without_consent
	lanes := [
		{"op": "replace", "path": "/lane", "value": "person"},
		{"op": "replace", "path": "/agreements/0/lane", "value": "person"},
	]
	codes(json.patch(asking, lanes)) == without_consent
}

test_later_terms_do_not_widen_an_agreement if {
	granted := {"operation": ["consent", "without_basis"], "trade": ["consent", "without_basis"], "government": ["consent"]}
	every lane, members in granted {
		every member in members {
			codes(json.patch(request, [
				{"op": "replace", "path": "/lane", "value": lane},
				{"op": "replace", "path": "/subject/kind", "value": "department"},
				{"op": "replace", "path": "/agreements/0/lane", "value": lane},
				{"op": "add", "path": sprintf("/agreements/0/%s", [member]), "value": true},
			])) == without_consent
		}
	}
	nobody := json.patch(request, [
		{"op": "add", "path": "/agreements/0/without_basis", "value": true},
		{"op": "replace", "path": "/requested", "value": ["region"]},
		{"op": "replace", "path": "/filtered", "value": []},
	])
	delivery.allow with input as nobody
}

test_a_notice_covers_what_is_shown if {
	bare := json.patch(request, [without_basis])
	all_fields := ["id", "name", "region", "salary"]
	people_of(under_notices(bare, [all_fields])) == {"consent": [7]}
	limits := delivery.obligations with input as request
	consented := delivery.obligations with input as under_notices(bare, [all_fields])
	consented == object.union(limits, {"people": {"consent": [7]}})
	people_of(under_notices(bare, [["id"], array.concat(all_fields, ["degree"]), ["name"], all_fields])) == {"consent": [8, 10]}
	codes(under_notices(bare, [["id", "name", "region"], ["salary"]])) == without_consent
}

test_a_notice_covers_the_fields_of_filters if {
	bare := json.patch(request, [without_basis, {"op": "replace", "path": "/requested", "value": ["name"]}])
	codes(under_notices(bare, [["name"]])) == without_consent
	people_of(under_notices(bare, [["name", "id"]])) == {"consent": [7]}
	unfiltered := json.patch(bare, [{"op": "replace", "path": "/filtered", "value": []}])
	people_of(under_notices(unfiltered, [["name"]])) == {"consent": [7]}
}

test_rows_about_nobody_need_no_consent if {
	bare := json.patch(request, [
		without_basis,
		{"op": "replace", "path": "/requested", "value": ["region"]},
		{"op": "replace", "path": "/filtered", "value": []},
	])
	object.keys(delivery.obligations) == {"columns", "row_filters", "row_cap", "rates", "not_after"} with input as bare
	codes(json.patch(bare, [{"op": "replace", "path": "/filtered", "value": ["id"]}])) == without_consent
	codes(json.patch(bare, [{"op": "replace", "path": "/resource/fields/2/subject_key", "value": true}])) == without_consent
	codes(json.patch(bare, [{"op": "replace", "path": "/resource/fields/2/personal", "value": true}])) == without_consent
}

test_other_lanes_need_no_consent_unasked if {
	every lane in ["government", "person"] {
		delivery.consent_unneeded with input as json.patch(request, [
			without_basis,
			{"op": "replace", "path": "/lane", "value": lane},
		])
	}
	trading := json.patch(request, [
		without_basis,
		{"op": "replace", "path": "/lane", "value": "trade"},
		{"op": "replace", "path": "/agreements/0/lane", "value": "trade"},
	])
	codes(trading) == without_consent
}

test_without_an_agreement_only_terms_that_ask_miss_a_notice if {
	missing := {["agreement-missing", "delivery.chosen", "people"]}
	alone := changed("/agreements", [])
	codes(json.patch(alone, [without_basis])) == missing
	asking := json.patch(alone, [{"op": "replace", "path": "/resource/terms/consent", "value": true}])
	codes(asking) == missing | without_consent
	codes(under_notices(asking, [])) == missing | without_consent
	codes(under_notices(asking, [["id"]])) == missing
}

test_purpose_not_in_terms if {
	codes(changed("/resource/terms/purposes", ["statistics"])) == {[
		"purpose-not-granted",
		"delivery.purpose_in_terms",
		"people",
	]}
}

test_purpose_not_in_agreement if {
	codes(changed("/purpose", "statistics")) == {["purpose-not-granted", "delivery.holds", "first"]}
}

test_agreement_missing if {
	missing := {["agreement-missing", "delivery.chosen", "people"]}
	codes(changed("/agreements", [])) == missing
	codes(changed("/agreements/0/consumer", "another")) == missing
	codes(changed("/agreements/0/dataset", "another")) == missing
}

test_agreement_not_in_force if {
	codes(changed("/agreements/0/state", "suspended")) == {["agreement-suspended", "delivery.holds", "first"]}
	codes(changed("/agreements/0/state", "terminated")) == {["agreement-terminated", "delivery.holds", "first"]}
	codes(changed("/agreements/0/not_before", 1501)) == {["agreement-not-yet-valid", "delivery.holds", "first"]}
	codes(changed("/agreements/0/not_after", 1500)) == {["agreement-expired", "delivery.holds", "first"]}
	codes(changed("/agreements/0/state", "expired")) == {["agreement-expired", "delivery.holds", "first"]}
}

test_every_agreement_says_what_is_wrong_with_it if {
	expired := object.union(request.agreements[0], {"id": "old", "not_after": 1500})
	suspended := object.union(request.agreements[0], {"state": "suspended"})
	codes(changed("/agreements", [expired, suspended])) == {
		["agreement-expired", "delivery.holds", "old"],
		["agreement-suspended", "delivery.holds", "first"],
	}
}

test_old_agreements_are_beside_the_point_when_one_holds if {
	expired := object.union(request.agreements[0], {"id": "old", "not_after": 1500})
	codes(json.patch(request, [
		{"op": "add", "path": "/agreements/0", "value": expired},
		{"op": "replace", "path": "/requested", "value": ["degree"]},
	])) == {["field-not-granted", "delivery.covers", "degree"]}
}

test_an_agreement_that_covers_less_is_beside_the_point_when_another_is_chosen if {
	narrow := object.union(request.agreements[0], {"id": "narrow", "fields": ["region"]})
	empty := object.union(request.agreements[0], {"id": "empty", "fields": []})
	several := changed("/agreements", [narrow, request.agreements[0]])
	codes(json.patch(several, [
		{"op": "replace", "path": "/requested", "value": ["id", "name"]},
		{"op": "replace", "path": "/rbac/allow", "value": false},
	])) == {["role-missing", "delivery.role_held", "system-1"]}
	codes(json.patch(several, [
		{"op": "replace", "path": "/agreements/0", "value": empty},
		{"op": "replace", "path": "/rbac/allow", "value": false},
	])) == {["role-missing", "delivery.role_held", "system-1"]}
}

test_field_not_granted if {
	codes(changed("/requested", ["id", "degree", "gone", "never"])) == {
		["field-not-granted", "delivery.covers", "degree"],
		["field-not-granted", "delivery.covers", "gone"],
		["field-not-granted", "delivery.covers", "never"],
	}
	codes(changed("/agreements/0/fields", ["name"])) == {["filter-not-granted", "delivery.covers", "id"]}
}

test_filter_needs_the_field_in_the_clear if {
	codes(changed("/filtered", ["id", "name", "salary", "degree"])) == {
		["filter-not-granted", "delivery.covers", "name"],
		["filter-not-granted", "delivery.covers", "salary"],
		["filter-not-granted", "delivery.covers", "degree"],
	}
}

test_a_filter_may_be_on_a_field_that_is_not_requested if {
	delivery.allow with input as json.patch(request, [
		{"op": "replace", "path": "/requested", "value": ["name"]},
		{"op": "replace", "path": "/filtered", "value": ["region"]},
	])
}

test_nothing_granted if {
	codes(json.patch(request, [
		{"op": "replace", "path": "/agreements/0/fields", "value": ["degree"]},
		{"op": "replace", "path": "/filtered", "value": []},
	])) == {["nothing-granted", "delivery.covers", "first"]}
}

test_all_reasons_are_given if {
	bad := json.patch(request, [
		{"op": "replace", "path": "/rbac/allow", "value": false},
		{"op": "replace", "path": "/resource/state", "value": "withdrawn"},
		{"op": "replace", "path": "/agreements/0/state", "value": "suspended"},
	])
	{code | some [code, _, _] in codes(bad)} == {"role-missing", "dataset-unavailable", "agreement-suspended"}
}

test_a_denial_is_reasons_and_revision if {
	delivery.decision == {
		"allow": false,
		"reasons": [{"code": "role-missing", "rule": "delivery.role_held", "ref": "system-1"}],
		"revision": "test",
	} with input as changed("/rbac/allow", false) with data.bundle.revision as "test"
}

test_an_empty_document_is_not_allowed if {
	not delivery.allow with input as {}
}

# An agreement fails for another reason in the very second in which it begins.
test_begun_is_not_to_come if {
	begun := json.patch(request, [
		{"op": "replace", "path": "/agreements/0/not_before", "value": request.now},
		{"op": "replace", "path": "/agreements/0/state", "value": "suspended"},
	])
	codes(begun) == {["agreement-suspended", "delivery.holds", "first"]}
}

test_government_sharing_is_not_for_others if {
	every kind in ["enterprise", "institution"] {
		not delivery.lane_permitted with input as {"lane": "government", "subject": {"kind": kind}}
	}
}

# Answers ---------------------------------------------------------------------------------------------------------------

master := {"name": "master", "where": {"field": "degree", "op": "eq", "value": "硕士"}, "fields": ["degree"]}

local := {"name": "local", "where": {"field": "region", "op": "eq", "value": "330100"}, "fields": ["region"]}

about_answers := json.patch(request, [
	{"op": "add", "path": "/answers", "value": ["master"]},
	{"op": "replace", "path": "/filtered", "value": []},
	{"op": "add", "path": "/resource/terms/answers", "value": [master, local]},
	{"op": "add", "path": "/agreements/0/answers", "value": ["master", "local"]},
	{"op": "replace", "path": "/agreements/0/fields", "value": []},
])

test_answers_are_obliged_instead_of_columns if {
	given := delivery.obligations with input as about_answers
	given.columns == []
	given.answers == [{"name": "master", "where": master.where}]
	rows := delivery.obligations with input as request
	object.remove(given, ["columns", "answers"]) == object.remove(rows, ["columns"])
	not rows.answers
	both := delivery.obligations with input as json.patch(about_answers, [{"op": "replace", "path": "/answers", "value": ["local", "master"]}])
	[answer.name | some answer in both.answers] == ["master", "local"]
}

not_granted := {["answer-not-granted", "delivery.covers", "master"]}

test_terms_and_agreement_have_the_answer if {
	codes(json.patch(about_answers, [{"op": "replace", "path": "/resource/terms/answers", "value": [local]}])) == not_granted
	codes(json.patch(about_answers, [{"op": "replace", "path": "/agreements/0/answers", "value": ["local"]}])) == not_granted
	codes(json.patch(about_answers, [{"op": "remove", "path": "/resource/terms/answers"}])) == not_granted
	codes(json.patch(about_answers, [{"op": "remove", "path": "/agreements/0/answers"}])) == not_granted
}

test_an_agreement_without_the_answer_is_beside_the_point_once_another_has_it if {
	first := object.union(about_answers.agreements[0], {"id": "without", "answers": ["local"]})
	two := json.patch(about_answers, [
		{"op": "replace", "path": "/agreements", "value": array.concat([first], about_answers.agreements)},
		{"op": "replace", "path": "/resource/state", "value": "withdrawn"},
	])
	{code | some [code, _, _] in codes(two)} == {"dataset-unavailable"}
}

test_answers_are_asked_for_alone if {
	every member in ["requested", "filtered"] {
		with_rows := json.patch(about_answers, [
			{"op": "replace", "path": sprintf("/%s", [member]), "value": ["region"]},
			{"op": "replace", "path": "/agreements/0/fields", "value": ["region"]},
		])
		not delivery.allow with input as with_rows
	}
}

test_rows_are_not_granted_by_answers if {
	rows := json.patch(about_answers, [{"op": "replace", "path": "/answers", "value": []}])
	codes(rows) == {["nothing-granted", "delivery.covers", "first"]}
}

test_an_answer_over_personal_fields_needs_an_impact_assessment if {
	bare := json.patch(about_answers, [{"op": "replace", "path": "/resource/assessments", "value": []}])
	codes(bare) == {["impact-assessment-missing", "delivery.impact_assessed", "first"]}
	over_region := json.patch(bare, [{"op": "replace", "path": "/agreements/0/answers", "value": ["local"]}, {"op": "replace", "path": "/answers", "value": ["local"]}])
	delivery.allow with input as over_region
	with_fields := json.patch(over_region, [{"op": "replace", "path": "/agreements/0/fields", "value": ["name"]}])
	codes(with_fields) == {["impact-assessment-missing", "delivery.impact_assessed", "first"]}
}

test_a_notice_covers_an_answer_by_its_fields if {
	bare := json.patch(about_answers, [without_basis])
	codes(under_notices(bare, [["region", "id"]])) == without_consent
	people_of(under_notices(bare, [["region"], ["degree"]])) == {"consent": [8]}
	over_region := json.patch(bare, [{"op": "replace", "path": "/answers", "value": ["local"]}])
	delivery.allow with input as over_region
}
