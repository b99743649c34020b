--
-- PostgreSQL database dump
--

\restrict earlier

-- Dumped from database version 18.4
-- Dumped by pg_dump version 18.4

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: keep_duties_apart(); Type: FUNCTION; Schema: public; Owner: postgres
--

CREATE FUNCTION public.keep_duties_apart() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN PERFORM FROM principals WHERE id = NEW.principal_id FOR NO KEY UPDATE; IF EXISTS (SELECT FROM role_assignments WHERE principal_id = NEW.principal_id AND role IN ('operator', 'security_administrator', 'auditor') AND role <> NEW.role) THEN RAISE EXCEPTION 'duties that are kept apart would be in one hand' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$;


ALTER FUNCTION public.keep_duties_apart() OWNER TO postgres;

--
-- Name: ledger_append(bytea[], timestamp with time zone[], bytea[], bigint[], boolean); Type: FUNCTION; Schema: public; Owner: postgres
--

CREATE FUNCTION public.ledger_append(tokens bytea[], expiries timestamp with time zone[], bodies bytea[], fences bigint[], advance boolean, OUT outcomes bigint[], OUT fence bigint) RETURNS record
    LANGUAGE plpgsql
    AS $$
DECLARE
  taken bytea[];
  unused bytea[] := '{}';
  accepted bytea[] := '{}';
  hashes bytea[] := '{}';
  leaves bytea[] := '{}';
  head public.ledger_head%ROWTYPE;
  first bigint;
  one record;
  leaf bytea;
BEGIN
  -- In the order of their bytes, so that two who want the same tokens cannot deadlock; and before the head is locked.
  WITH wanted AS (
    SELECT DISTINCT ON (token) token, expires_at FROM unnest(tokens, expiries) AS given (token, expires_at)
    WHERE token IS NOT NULL ORDER BY token
  ), fresh AS (
    INSERT INTO public.ledger_once (token, expires_at) SELECT token, expires_at FROM wanted ORDER BY token
    ON CONFLICT DO NOTHING RETURNING token
  )
  SELECT coalesce(array_agg(token), '{}') INTO taken FROM fresh;

  SELECT * INTO STRICT head FROM public.ledger_head WHERE id = 1 FOR UPDATE;
  first := head.size;

  IF cardinality(taken) = cardinality(array_remove(tokens, NULL))
    AND cardinality(array_remove(array_remove(fences, NULL), head.fence)) = 0
  THEN
    accepted := bodies;
    outcomes := array(SELECT generate_series(first, first + cardinality(bodies) - 1));
  ELSE
    outcomes := '{}';
    FOR one IN
      SELECT given.body, given.token, given.place, given.is_timely, fresh.token IS NOT NULL AS is_fresh,
        min(given.place) FILTER (WHERE given.is_timely) OVER (PARTITION BY given.token) AS winner
      FROM (
        SELECT body, token, place, coalesce(demanded = head.fence, true) AS is_timely
        FROM unnest(bodies, tokens, fences) WITH ORDINALITY AS given (body, token, demanded, place)
      ) AS given
      LEFT JOIN unnest(taken) AS fresh (token) ON fresh.token = given.token
      ORDER BY given.place
    LOOP
      IF one.token IS NOT NULL AND (NOT one.is_fresh OR one.place > one.winner) THEN
        outcomes := array_append(outcomes, -1);
      ELSIF NOT one.is_timely THEN
        outcomes := array_append(outcomes, -2);
        IF one.token IS NOT NULL AND one.winner IS NULL THEN
          unused := array_append(unused, one.token);
        END IF;
      ELSE
        outcomes := array_append(outcomes, first + cardinality(accepted));
        accepted := array_append(accepted, one.body);
      END IF;
    END LOOP;
    IF cardinality(unused) > 0 THEN
      DELETE FROM public.ledger_once WHERE token = ANY (unused);
    END IF;
  END IF;

  FOREACH leaf IN ARRAY accepted LOOP
    leaf := convert_to('{"body":', 'UTF8') || leaf || convert_to(
      ',"prev":"' || encode(head.prev, 'hex') || '","seq":' || head.size || ',"v":1}', 'UTF8'
    );
    head.prev := sha256('\x00'::bytea || leaf);
    leaves := array_append(leaves, leaf);
    hashes := array_append(hashes, head.prev);
    head.size := head.size + 1;
  END LOOP;

  fence := head.fence + advance::integer;
  IF cardinality(accepted) > 0 OR advance THEN
    INSERT INTO public.ledger_entry (seq, leaf_hash, leaf)
      SELECT first - 1 + place, hash, bytes FROM unnest(hashes, leaves) WITH ORDINALITY AS written (hash, bytes, place);
    UPDATE public.ledger_head SET size = head.size, prev = head.prev, fence = ledger_append.fence WHERE id = 1;
  END IF;
END $$;


ALTER FUNCTION public.ledger_append(tokens bytea[], expiries timestamp with time zone[], bodies bytea[], fences bigint[], advance boolean, OUT outcomes bigint[], OUT fence bigint) OWNER TO postgres;

--
-- Name: ledger_body(bytea, bytea); Type: FUNCTION; Schema: public; Owner: postgres
--

CREATE FUNCTION public.ledger_body(leaf bytea, leaf_hash bytea) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE
    AS $$ BEGIN IF sha256('\x00'::bytea || leaf) <> leaf_hash THEN RETURN NULL; END IF; RETURN convert_from(leaf, 'UTF8')::jsonb -> 'body'; EXCEPTION WHEN data_exception OR program_limit_exceeded THEN RETURN NULL; END $$;


ALTER FUNCTION public.ledger_body(leaf bytea, leaf_hash bytea) OWNER TO postgres;

--
-- Name: refuse_agreement_change(); Type: FUNCTION; Schema: public; Owner: postgres
--

CREATE FUNCTION public.refuse_agreement_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN IF to_jsonb(NEW) - 'state' IS DISTINCT FROM to_jsonb(OLD) - 'state' THEN RAISE EXCEPTION 'an agreement changes in its state only'; END IF; RETURN NEW; END $$;


ALTER FUNCTION public.refuse_agreement_change() OWNER TO postgres;

--
-- Name: refuse_change(); Type: FUNCTION; Schema: public; Owner: postgres
--

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$;


ALTER FUNCTION public.refuse_change() OWNER TO postgres;

--
-- Name: refuse_halted(); Type: FUNCTION; Schema: public; Owner: postgres
--

CREATE FUNCTION public.refuse_halted() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
  reason text;
BEGIN
  SELECT halted INTO reason FROM public.ledger_head;
  IF reason IS NOT NULL THEN
    RAISE EXCEPTION '%', reason USING ERRCODE = 'LG001';
  END IF;
  RETURN NULL;
END $$;


ALTER FUNCTION public.refuse_halted() OWNER TO postgres;

--
-- Name: refuse_lane_change(); Type: FUNCTION; Schema: public; Owner: postgres
--

CREATE FUNCTION public.refuse_lane_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN IF NEW.lane IS DISTINCT FROM OLD.lane THEN RAISE EXCEPTION 'the lane of an application is fixed'; END IF; RETURN NEW; END $$;


ALTER FUNCTION public.refuse_lane_change() OWNER TO postgres;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: agreement_statements; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.agreement_statements (
    id uuid NOT NULL,
    agreement_id uuid NOT NULL,
    type character varying(32) NOT NULL,
    reason text NOT NULL,
    salt character varying(32) NOT NULL,
    stated_at timestamp with time zone NOT NULL
);


ALTER TABLE public.agreement_statements OWNER TO postgres;

--
-- Name: agreements; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.agreements (
    id uuid NOT NULL,
    application_id uuid NOT NULL,
    dataset_id uuid NOT NULL,
    dataset_version integer NOT NULL,
    provider_id uuid NOT NULL,
    consumer_id uuid NOT NULL,
    lane character varying(16) NOT NULL,
    purpose character varying(63) NOT NULL,
    fields jsonb NOT NULL,
    masks jsonb NOT NULL,
    row_filter jsonb,
    row_cap bigint NOT NULL,
    not_before timestamp with time zone NOT NULL,
    not_after timestamp with time zone NOT NULL,
    mask_key bytea NOT NULL,
    digest character varying(64) NOT NULL,
    salt character varying(32) NOT NULL,
    concluded_at timestamp with time zone NOT NULL,
    state character varying(16) NOT NULL,
    assessments jsonb DEFAULT '{}'::jsonb NOT NULL,
    resharing boolean DEFAULT false NOT NULL,
    price jsonb,
    CONSTRAINT ck_agreements_lane CHECK (((lane)::text = ANY ((ARRAY['government'::character varying, 'operation'::character varying, 'trade'::character varying, 'person'::character varying])::text[]))),
    CONSTRAINT ck_agreements_state CHECK (((state)::text = ANY ((ARRAY['active'::character varying, 'suspended'::character varying, 'terminated'::character varying, 'expired'::character varying])::text[])))
);


ALTER TABLE public.agreements OWNER TO postgres;

--
-- Name: alembic_version; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);


ALTER TABLE public.alembic_version OWNER TO postgres;

--
-- Name: applications; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.applications (
    id uuid NOT NULL,
    dataset_id uuid NOT NULL,
    provider_id uuid NOT NULL,
    consumer_id uuid NOT NULL,
    lane character varying(16) NOT NULL,
    purpose character varying(63) NOT NULL,
    fields jsonb NOT NULL,
    basis text NOT NULL,
    scenario text NOT NULL,
    scope text NOT NULL,
    method character varying(16) NOT NULL,
    row_filter jsonb,
    not_after timestamp with time zone NOT NULL,
    salt character varying(32) NOT NULL,
    state character varying(24) NOT NULL,
    supplement_wanted text,
    supplement text,
    reasons text,
    agreement_id uuid,
    submitted_at timestamp with time zone NOT NULL,
    decided_at timestamp with time zone,
    CONSTRAINT ck_applications_lane CHECK (((lane)::text = ANY ((ARRAY['government'::character varying, 'operation'::character varying, 'trade'::character varying, 'person'::character varying])::text[]))),
    CONSTRAINT ck_applications_state CHECK (((state)::text = ANY ((ARRAY['submitted'::character varying, 'supplement_requested'::character varying, 'approved'::character varying, 'refused'::character varying, 'withdrawn'::character varying])::text[])))
);


ALTER TABLE public.applications OWNER TO postgres;

--
-- Name: dataset_versions; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.dataset_versions (
    dataset_id uuid NOT NULL,
    version integer NOT NULL,
    source_id uuid NOT NULL,
    document jsonb NOT NULL,
    digest character varying(64) NOT NULL,
    salt character varying(32) NOT NULL,
    published_at timestamp with time zone NOT NULL
);


ALTER TABLE public.dataset_versions OWNER TO postgres;

--
-- Name: datasets; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.datasets (
    id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    handle character varying(63) NOT NULL,
    state character varying(16) NOT NULL,
    version integer NOT NULL,
    draft jsonb,
    withdrawal jsonb,
    drafted_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_datasets_state CHECK (((state)::text = ANY ((ARRAY['draft'::character varying, 'published'::character varying, 'withdrawn'::character varying])::text[])))
);


ALTER TABLE public.datasets OWNER TO postgres;

--
-- Name: decision_inputs; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.decision_inputs (
    digest character varying(64) NOT NULL,
    document bytea NOT NULL,
    kept_at timestamp with time zone NOT NULL
);


ALTER TABLE public.decision_inputs OWNER TO postgres;

--
-- Name: delivery_counts; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.delivery_counts (
    agreement_id uuid NOT NULL,
    seconds integer NOT NULL,
    period bigint NOT NULL,
    requests bigint NOT NULL
);


ALTER TABLE public.delivery_counts OWNER TO postgres;

--
-- Name: delivery_streams; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.delivery_streams (
    id uuid NOT NULL,
    consumer_id uuid NOT NULL,
    provider_id uuid NOT NULL,
    state character varying(16) NOT NULL,
    started_entry bigint NOT NULL,
    ended_entry bigint,
    rows bigint,
    bytes bigint,
    content character varying(64),
    started_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_delivery_streams_state CHECK (((state)::text = ANY ((ARRAY['started'::character varying, 'completed'::character varying, 'aborted'::character varying])::text[])))
);


ALTER TABLE public.delivery_streams OWNER TO postgres;

--
-- Name: key_marks; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.key_marks (
    name character varying(32) NOT NULL,
    mark character varying(64) NOT NULL,
    remembered_at timestamp with time zone NOT NULL
);


ALTER TABLE public.key_marks OWNER TO postgres;

--
-- Name: keys; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.keys (
    id character varying(43) NOT NULL,
    principal_id uuid NOT NULL,
    public_key bytea NOT NULL,
    not_before timestamp with time zone NOT NULL,
    not_after timestamp with time zone,
    revoked_at timestamp with time zone
);


ALTER TABLE public.keys OWNER TO postgres;

--
-- Name: ledger_checkpoint; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.ledger_checkpoint (
    size bigint NOT NULL,
    note text NOT NULL,
    signed_at timestamp with time zone NOT NULL
);


ALTER TABLE public.ledger_checkpoint OWNER TO postgres;

--
-- Name: ledger_entry; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.ledger_entry (
    seq bigint NOT NULL,
    leaf_hash bytea NOT NULL,
    leaf bytea NOT NULL
);


ALTER TABLE public.ledger_entry OWNER TO postgres;

--
-- Name: ledger_head; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.ledger_head (
    id smallint NOT NULL,
    size bigint NOT NULL,
    prev bytea NOT NULL,
    fence bigint NOT NULL,
    incarnation smallint DEFAULT '1'::smallint NOT NULL,
    halted text
);


ALTER TABLE public.ledger_head OWNER TO postgres;

--
-- Name: ledger_head_id_seq; Type: SEQUENCE; Schema: public; Owner: postgres
--

CREATE SEQUENCE public.ledger_head_id_seq
    AS smallint
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER SEQUENCE public.ledger_head_id_seq OWNER TO postgres;

--
-- Name: ledger_head_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: postgres
--

ALTER SEQUENCE public.ledger_head_id_seq OWNED BY public.ledger_head.id;


--
-- Name: ledger_index; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.ledger_index (
    seq bigint NOT NULL,
    at text COLLATE pg_catalog."C",
    type text COLLATE pg_catalog."C",
    organisation text COLLATE pg_catalog."C",
    principal text COLLATE pg_catalog."C",
    key text COLLATE pg_catalog."C",
    object_kind text COLLATE pg_catalog."C",
    object_id text COLLATE pg_catalog."C",
    dataset text COLLATE pg_catalog."C",
    agreement text COLLATE pg_catalog."C",
    owner text COLLATE pg_catalog."C",
    consumer text COLLATE pg_catalog."C",
    lane text COLLATE pg_catalog."C",
    purpose text COLLATE pg_catalog."C",
    problem text COLLATE pg_catalog."C",
    subjects text[] COLLATE pg_catalog."C"
);


ALTER TABLE public.ledger_index OWNER TO postgres;

--
-- Name: ledger_once; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.ledger_once (
    token bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL
);


ALTER TABLE public.ledger_once OWNER TO postgres;

--
-- Name: ledger_rotation; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.ledger_rotation (
    purpose character varying(8) NOT NULL,
    incarnation smallint NOT NULL,
    valid_from bigint NOT NULL,
    statement text NOT NULL
);


ALTER TABLE public.ledger_rotation OWNER TO postgres;

--
-- Name: ledger_sealed; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.ledger_sealed (
    seq bigint NOT NULL,
    subject bytea NOT NULL,
    nonce bytea NOT NULL,
    ciphertext bytea NOT NULL
);


ALTER TABLE public.ledger_sealed OWNER TO postgres;

--
-- Name: ledger_tile; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.ledger_tile (
    level smallint NOT NULL,
    index bigint NOT NULL,
    hashes bytea NOT NULL
);


ALTER TABLE public.ledger_tile OWNER TO postgres;

--
-- Name: ledger_timestamp; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.ledger_timestamp (
    size bigint NOT NULL,
    token bytea NOT NULL,
    stamped_at timestamp with time zone NOT NULL
);


ALTER TABLE public.ledger_timestamp OWNER TO postgres;

--
-- Name: organisations; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.organisations (
    id uuid NOT NULL,
    handle character varying(63) NOT NULL,
    kind character varying(16) NOT NULL,
    code character varying(18) NOT NULL,
    level character varying(16) NOT NULL,
    region character varying(12),
    parent_id uuid,
    name_zh character varying(200) NOT NULL,
    name_en character varying(200) NOT NULL,
    state character varying(16) NOT NULL,
    registered_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_organisations_kind CHECK (((kind)::text = ANY ((ARRAY['department'::character varying, 'enterprise'::character varying, 'institution'::character varying])::text[]))),
    CONSTRAINT ck_organisations_state CHECK (((state)::text = ANY ((ARRAY['registered'::character varying, 'admitted'::character varying, 'suspended'::character varying, 'departed'::character varying])::text[])))
);


ALTER TABLE public.organisations OWNER TO postgres;

--
-- Name: policy_bundles; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.policy_bundles (
    digest character varying(64) NOT NULL,
    files jsonb NOT NULL,
    kept_at timestamp with time zone NOT NULL
);


ALTER TABLE public.policy_bundles OWNER TO postgres;

--
-- Name: policy_modules; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.policy_modules (
    organisation_id uuid NOT NULL,
    digest character varying(64) NOT NULL,
    files jsonb NOT NULL,
    tests integer NOT NULL,
    checked_by character varying(200) NOT NULL,
    accepted_at timestamp with time zone NOT NULL
);


ALTER TABLE public.policy_modules OWNER TO postgres;

--
-- Name: principals; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.principals (
    id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    kind character varying(8) NOT NULL,
    handle character varying(63) NOT NULL,
    title character varying(200) NOT NULL,
    state character varying(16) NOT NULL,
    enrolled_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_principals_kind CHECK (((kind)::text = ANY ((ARRAY['member'::character varying, 'system'::character varying])::text[]))),
    CONSTRAINT ck_principals_state CHECK (((state)::text = ANY ((ARRAY['active'::character varying, 'suspended'::character varying])::text[])))
);


ALTER TABLE public.principals OWNER TO postgres;

--
-- Name: role_assignments; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.role_assignments (
    principal_id uuid NOT NULL,
    role character varying(32) NOT NULL,
    domain character varying(36) NOT NULL,
    assigned_at timestamp with time zone NOT NULL
);


ALTER TABLE public.role_assignments OWNER TO postgres;

--
-- Name: sources; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.sources (
    id uuid NOT NULL,
    organisation_id uuid NOT NULL,
    kind character varying(16) NOT NULL,
    title character varying(200) NOT NULL,
    state character varying(16) NOT NULL,
    config jsonb NOT NULL,
    secret bytea,
    description jsonb,
    content character varying(64),
    rows bigint,
    registered_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_sources_kind CHECK (((kind)::text = ANY ((ARRAY['file'::character varying, 'postgresql'::character varying])::text[]))),
    CONSTRAINT ck_sources_state CHECK (((state)::text = ANY ((ARRAY['registered'::character varying, 'ready'::character varying, 'withdrawn'::character varying])::text[])))
);


ALTER TABLE public.sources OWNER TO postgres;

--
-- Name: subject_erasures; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.subject_erasures (
    pseudonym bytea NOT NULL,
    key_id uuid NOT NULL,
    slot bigint NOT NULL,
    entry bigint NOT NULL,
    details bigint NOT NULL,
    erased_at timestamp with time zone NOT NULL,
    destroyed_at timestamp with time zone
);


ALTER TABLE public.subject_erasures OWNER TO postgres;

--
-- Name: subject_holds; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.subject_holds (
    id uuid NOT NULL,
    pseudonym bytea NOT NULL,
    basis character varying(32) NOT NULL,
    reason text NOT NULL,
    salt character varying(32) NOT NULL,
    placed_entry bigint NOT NULL,
    placed_at timestamp with time zone NOT NULL,
    lifting text,
    lifted_at timestamp with time zone
);


ALTER TABLE public.subject_holds OWNER TO postgres;

--
-- Name: subject_slots; Type: SEQUENCE; Schema: public; Owner: postgres
--

CREATE SEQUENCE public.subject_slots
    START WITH 0
    INCREMENT BY 1
    MINVALUE 0
    NO MAXVALUE
    CACHE 1;


ALTER SEQUENCE public.subject_slots OWNER TO postgres;

--
-- Name: subjects; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.subjects (
    lookup bytea NOT NULL,
    pseudonym bytea NOT NULL,
    key_id uuid NOT NULL,
    slot bigint NOT NULL,
    wrapped bytea NOT NULL
);


ALTER TABLE public.subjects OWNER TO postgres;

--
-- Name: ledger_head id; Type: DEFAULT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.ledger_head ALTER COLUMN id SET DEFAULT nextval('public.ledger_head_id_seq'::regclass);


--
-- Data for Name: agreement_statements; Type: TABLE DATA; Schema: public; Owner: postgres
--



--
-- Data for Name: agreements; Type: TABLE DATA; Schema: public; Owner: postgres
--

INSERT INTO public.agreements VALUES ('01a22cf1-64ef-75cd-914d-e26b7bb6db6f', '01a22cf1-6465-784b-a4a0-c1e46b2c52a2', '01a22cf1-633d-7faf-8757-d6d8884cd81a', 1, '01a22cf1-57c8-7194-8cb0-9802b83a6548', '01a22cf1-5903-7e34-be3a-79b2b408f61b', 'operation', 'talent-service', '["person_id", "name", "city", "score"]', '{}', 'null', 1000000, '2026-11-30 14:52:27.247091+00', '2125-12-31 16:00:00+00', '\x655d5958c3610b7cd570e6386a740f4c899a144e63ce30f101d43c77664dad183764ecc1300ae1f54be500c5e47f657ef0d03627994126d8cd221251', '6c60be587a956b0a8ac8f33a3f04e9fa5c0a86e1cd9d9085623fdcd2c1f7a90a', 'cb11500550912949497bf5713075871b', '2026-11-30 14:52:27.247303+00', 'active', '{}', false, NULL);


--
-- Data for Name: alembic_version; Type: TABLE DATA; Schema: public; Owner: postgres
--

INSERT INTO public.alembic_version VALUES ('0011');


--
-- Data for Name: applications; Type: TABLE DATA; Schema: public; Owner: postgres
--

INSERT INTO public.applications VALUES ('01a22cf1-6465-784b-a4a0-c1e46b2c52a2', '01a22cf1-633d-7faf-8757-d6d8884cd81a', '01a22cf1-57c8-7194-8cb0-9802b83a6548', '01a22cf1-5903-7e34-be3a-79b2b408f61b', 'operation', 'talent-service', '["person_id", "name", "city", "score"]', '浙江省公共数据条例', 'talent service', 'applicants of the service', 'api', 'null', '2125-12-31 16:00:00+00', '4379ff678fa9cf2066317f31de02c849', 'approved', NULL, NULL, NULL, '01a22cf1-64ef-75cd-914d-e26b7bb6db6f', '2026-11-30 14:52:27.109975+00', '2026-11-30 14:52:27.247923+00');


--
-- Data for Name: dataset_versions; Type: TABLE DATA; Schema: public; Owner: postgres
--

INSERT INTO public.dataset_versions VALUES ('01a22cf1-633d-7faf-8757-d6d8884cd81a', 1, '01a22cf1-5a6a-7894-b445-0e87bb21a0d3', '{"level": null, "terms": {"masks": {"name": {"kind": "partial", "keep_end": 0, "keep_start": 1}}, "fields": ["person_id", "name", "city", "score"], "module": "3b2d97ee80d4ed5312abc6c0c36ca753ab2952f05ee59b2fd1b532ca122c9a2d", "row_cap": 1000000, "purposes": ["talent-service", "statistics"], "consumers": {"kinds": [], "levels": [], "organisations": []}, "not_after": null, "row_filter": null}, "title": {"en": "Dataset", "zh": "数据集"}, "fields": [{"name": "person_id", "type": "string", "level": "G3", "title": {"en": "person_id", "zh": "person_id"}, "personal": true, "sensitive": false, "subject_key": true}, {"name": "name", "type": "string", "level": "G3", "title": {"en": "name", "zh": "name"}, "personal": true, "sensitive": false, "subject_key": false}, {"name": "city", "type": "integer", "level": "G1", "title": {"en": "city", "zh": "city"}, "personal": false, "sensitive": false, "subject_key": false}, {"name": "score", "type": "number", "level": "G1", "title": {"en": "score", "zh": "score"}, "personal": false, "sensitive": false, "subject_key": false}], "sharing": {"use": "人才服务", "scope": "省内", "reason": null, "citation": null, "attribute": "conditional"}, "keywords": [], "assessments": {"impact": {"digest": "abababababababababababababababababababababababababababababababab", "reference": "评估 2026-1", "concluded_on": "2026-01-31"}}, "description": {"en": "Description", "zh": "说明"}, "update_frequency": "irregular"}', '302a26665db03728fb64925a99958e6e246c0305171f73eec2f6a8ca56bf54df', 'bb8051e95a0ff6fa13c3693daf0ef69b', '2026-11-30 14:52:26.957042+00');
INSERT INTO public.dataset_versions VALUES ('01a22cf1-6b32-745e-aa32-e5b3575c045c', 1, '01a22cf1-5a6a-7894-b445-0e87bb21a0d3', '{"level": null, "terms": {"masks": {"name": {"kind": "partial", "keep_end": 0, "keep_start": 1}}, "fields": ["person_id", "name", "city", "score"], "row_cap": 1000000, "purposes": ["talent-service", "statistics"], "consumers": {"kinds": [], "levels": [], "organisations": []}, "not_after": null, "row_filter": {"op": "eq", "field": "city", "value": 330110}}, "title": {"en": "Dataset", "zh": "数据集"}, "fields": [{"name": "person_id", "type": "string", "level": "G3", "title": {"en": "person_id", "zh": "person_id"}, "personal": true, "sensitive": false, "subject_key": true}, {"name": "name", "type": "string", "level": "G3", "title": {"en": "name", "zh": "name"}, "personal": true, "sensitive": false, "subject_key": false}, {"name": "city", "type": "integer", "level": "G1", "title": {"en": "city", "zh": "city"}, "personal": false, "sensitive": false, "subject_key": false}, {"name": "score", "type": "number", "level": "G1", "title": {"en": "score", "zh": "score"}, "personal": false, "sensitive": false, "subject_key": false}], "sharing": {"use": "人才服务", "scope": "省内", "reason": null, "citation": null, "attribute": "conditional"}, "keywords": [], "assessments": {"impact": {"digest": "abababababababababababababababababababababababababababababababab", "reference": "评估 2026-1", "concluded_on": "2026-01-31"}}, "description": {"en": "Description", "zh": "说明"}, "update_frequency": "irregular"}', '177af2b227a9460e510b60b9ab7df9c481e9c0fad584fe9e7d5cffc4c2dcdc18', '1c348cbf886c51e030a95a67a6a88b02', '2026-11-30 14:52:28.958628+00');


--
-- Data for Name: datasets; Type: TABLE DATA; Schema: public; Owner: postgres
--

INSERT INTO public.datasets VALUES ('01a22cf1-633d-7faf-8757-d6d8884cd81a', '01a22cf1-57c8-7194-8cb0-9802b83a6548', 'people', 'published', 1, 'null', NULL, '2026-11-30 14:52:26.813702+00');
INSERT INTO public.datasets VALUES ('01a22cf1-6b32-745e-aa32-e5b3575c045c', '01a22cf1-57c8-7194-8cb0-9802b83a6548', 'plain', 'published', 1, 'null', NULL, '2026-11-30 14:52:28.850358+00');


--
-- Data for Name: decision_inputs; Type: TABLE DATA; Schema: public; Owner: postgres
--

INSERT INTO public.decision_inputs VALUES ('801418eb36c3af9db622cf218a51d69958331c3e855f5a988ddb324cf13147f4', '\x7b22736368656d61223a312c22616374696f6e223a2264656c69766572222c226c616e65223a226f7065726174696f6e222c22707572706f7365223a2274616c656e742d73657276696365222c22726571756573746564223a5b5d2c2266696c7465726564223a5b5d2c227375626a656374223a7b227072696e636970616c223a2230316132326366312d353962642d373437392d626335642d363830353166656163303639222c226f7267616e69736174696f6e223a2230316132326366312d353930332d376533342d626533612d373962326234303866363162222c226b696e64223a22696e737469747574696f6e222c226c6576656c223a226e6f6e65222c226f7267616e69736174696f6e5f7374617465223a2261646d6974746564222c227072696e636970616c5f7374617465223a22616374697665227d2c2272626163223a7b22616c6c6f77223a747275652c22726f6c6573223a5b22636f6e73756d6572225d7d2c227265736f75726365223a7b2264617461736574223a2230316132326366312d363333642d376661662d383735372d643664383838346364383161222c226f776e6572223a2230316132326366312d353763382d373139342d386362302d393830326238336136353438222c226f776e65725f7374617465223a2261646d6974746564222c227374617465223a227075626c6973686564222c2276657273696f6e223a312c2273686172696e67223a22636f6e646974696f6e616c222c226c6576656c223a224733222c226669656c6473223a5b7b226e616d65223a22706572736f6e5f6964222c226c6576656c223a224733222c22706572736f6e616c223a747275652c2273656e736974697665223a66616c73652c2274797065223a22737472696e67227d2c7b226e616d65223a226e616d65222c226c6576656c223a224733222c22706572736f6e616c223a747275652c2273656e736974697665223a66616c73652c2274797065223a22737472696e67227d2c7b226e616d65223a2263697479222c226c6576656c223a224731222c22706572736f6e616c223a66616c73652c2273656e736974697665223a66616c73652c2274797065223a22696e7465676572227d2c7b226e616d65223a2273636f7265222c226c6576656c223a224731222c22706572736f6e616c223a66616c73652c2273656e736974697665223a66616c73652c2274797065223a226e756d626572227d5d2c227465726d73223a7b22636f6e73756d657273223a7b226b696e6473223a5b5d2c226c6576656c73223a5b5d2c226f7267616e69736174696f6e73223a5b5d2c2267726f757073223a5b5d7d2c22707572706f736573223a5b2274616c656e742d73657276696365222c2273746174697374696373225d2c226669656c6473223a5b22706572736f6e5f6964222c226e616d65222c2263697479222c2273636f7265225d2c226d61736b73223a7b226e616d65223a7b226b696e64223a227061727469616c222c226b6565705f656e64223a302c226b6565705f7374617274223a317d7d2c22726f775f66696c74657273223a5b5d2c22726f775f636170223a313030303030302c227261746573223a5b5d2c22636f6e73656e74223a66616c73652c226d696e5f67726f7570223a302c226e6f745f6166746572223a3235333430323330303739392c226d6f64756c65223a2233623264393765653830643465643533313261626336633063333663613735336162323935326630356565353962326664316235333263613132326339613264227d2c226173736573736d656e7473223a5b22696d70616374225d7d2c2261677265656d656e7473223a5b7b226964223a2230316132326366312d363465662d373563642d393134642d653236623762623664623666222c22636f6e73756d6572223a2230316132326366312d353930332d376533342d626533612d373962326234303866363162222c2264617461736574223a2230316132326366312d363333642d376661662d383735372d643664383838346364383161222c226c616e65223a226f7065726174696f6e222c227374617465223a22616374697665222c226e6f745f6265666f7265223a313739363035303334372c226e6f745f6166746572223a343932323837303430302c22707572706f736573223a5b2274616c656e742d73657276696365225d2c226669656c6473223a5b22706572736f6e5f6964222c226e616d65222c2263697479222c2273636f7265225d2c226d61736b73223a7b7d2c22726f775f66696c74657273223a5b5d2c22726f775f636170223a313030303030302c226173736573736d656e7473223a5b5d7d5d7d', '2026-11-30 14:52:27.742229+00');
INSERT INTO public.decision_inputs VALUES ('dad73cb033eeaf4557b52193d61b499df1b0fbde72a99c3fdc11226ada045591', '\x7b22736368656d61223a312c22616374696f6e223a2264656c69766572222c226c616e65223a226f7065726174696f6e222c22707572706f7365223a2274616c656e742d73657276696365222c22726571756573746564223a5b5d2c2266696c7465726564223a5b22706572736f6e5f6964225d2c227375626a656374223a7b227072696e636970616c223a2230316132326366312d353962642d373437392d626335642d363830353166656163303639222c226f7267616e69736174696f6e223a2230316132326366312d353930332d376533342d626533612d373962326234303866363162222c226b696e64223a22696e737469747574696f6e222c226c6576656c223a226e6f6e65222c226f7267616e69736174696f6e5f7374617465223a2261646d6974746564222c227072696e636970616c5f7374617465223a22616374697665227d2c2272626163223a7b22616c6c6f77223a747275652c22726f6c6573223a5b22636f6e73756d6572225d7d2c227265736f75726365223a7b2264617461736574223a2230316132326366312d363333642d376661662d383735372d643664383838346364383161222c226f776e6572223a2230316132326366312d353763382d373139342d386362302d393830326238336136353438222c226f776e65725f7374617465223a2261646d6974746564222c227374617465223a227075626c6973686564222c2276657273696f6e223a312c2273686172696e67223a22636f6e646974696f6e616c222c226c6576656c223a224733222c226669656c6473223a5b7b226e616d65223a22706572736f6e5f6964222c226c6576656c223a224733222c22706572736f6e616c223a747275652c2273656e736974697665223a66616c73652c2274797065223a22737472696e67227d2c7b226e616d65223a226e616d65222c226c6576656c223a224733222c22706572736f6e616c223a747275652c2273656e736974697665223a66616c73652c2274797065223a22737472696e67227d2c7b226e616d65223a2263697479222c226c6576656c223a224731222c22706572736f6e616c223a66616c73652c2273656e736974697665223a66616c73652c2274797065223a22696e7465676572227d2c7b226e616d65223a2273636f7265222c226c6576656c223a224731222c22706572736f6e616c223a66616c73652c2273656e736974697665223a66616c73652c2274797065223a226e756d626572227d5d2c227465726d73223a7b22636f6e73756d657273223a7b226b696e6473223a5b5d2c226c6576656c73223a5b5d2c226f7267616e69736174696f6e73223a5b5d2c2267726f757073223a5b5d7d2c22707572706f736573223a5b2274616c656e742d73657276696365222c2273746174697374696373225d2c226669656c6473223a5b22706572736f6e5f6964222c226e616d65222c2263697479222c2273636f7265225d2c226d61736b73223a7b226e616d65223a7b226b696e64223a227061727469616c222c226b6565705f656e64223a302c226b6565705f7374617274223a317d7d2c22726f775f66696c74657273223a5b5d2c22726f775f636170223a313030303030302c227261746573223a5b5d2c22636f6e73656e74223a66616c73652c226d696e5f67726f7570223a302c226e6f745f6166746572223a3235333430323330303739392c226d6f64756c65223a2233623264393765653830643465643533313261626336633063333663613735336162323935326630356565353962326664316235333263613132326339613264227d2c226173736573736d656e7473223a5b22696d70616374225d7d2c2261677265656d656e7473223a5b7b226964223a2230316132326366312d363465662d373563642d393134642d653236623762623664623666222c22636f6e73756d6572223a2230316132326366312d353930332d376533342d626533612d373962326234303866363162222c2264617461736574223a2230316132326366312d363333642d376661662d383735372d643664383838346364383161222c226c616e65223a226f7065726174696f6e222c227374617465223a22616374697665222c226e6f745f6265666f7265223a313739363035303334372c226e6f745f6166746572223a343932323837303430302c22707572706f736573223a5b2274616c656e742d73657276696365225d2c226669656c6473223a5b22706572736f6e5f6964222c226e616d65222c2263697479222c2273636f7265225d2c226d61736b73223a7b7d2c22726f775f66696c74657273223a5b5d2c22726f775f636170223a313030303030302c226173736573736d656e7473223a5b5d7d5d7d', '2026-11-30 14:52:28.33135+00');
INSERT INTO public.decision_inputs VALUES ('39dd64c67b85a60b78ede9dde3e3b105c4b783e5af8e28787c0c343d476535f3', '\x7b22736368656d61223a312c22616374696f6e223a2264656c69766572222c226c616e65223a226f7065726174696f6e222c22707572706f7365223a2274616c656e742d73657276696365222c22726571756573746564223a5b226e6f7468696e67225d2c2266696c7465726564223a5b5d2c227375626a656374223a7b227072696e636970616c223a2230316132326366312d353962642d373437392d626335642d363830353166656163303639222c226f7267616e69736174696f6e223a2230316132326366312d353930332d376533342d626533612d373962326234303866363162222c226b696e64223a22696e737469747574696f6e222c226c6576656c223a226e6f6e65222c226f7267616e69736174696f6e5f7374617465223a2261646d6974746564222c227072696e636970616c5f7374617465223a22616374697665227d2c2272626163223a7b22616c6c6f77223a747275652c22726f6c6573223a5b22636f6e73756d6572225d7d2c227265736f75726365223a7b2264617461736574223a2230316132326366312d363333642d376661662d383735372d643664383838346364383161222c226f776e6572223a2230316132326366312d353763382d373139342d386362302d393830326238336136353438222c226f776e65725f7374617465223a2261646d6974746564222c227374617465223a227075626c6973686564222c2276657273696f6e223a312c2273686172696e67223a22636f6e646974696f6e616c222c226c6576656c223a224733222c226669656c6473223a5b7b226e616d65223a22706572736f6e5f6964222c226c6576656c223a224733222c22706572736f6e616c223a747275652c2273656e736974697665223a66616c73652c2274797065223a22737472696e67227d2c7b226e616d65223a226e616d65222c226c6576656c223a224733222c22706572736f6e616c223a747275652c2273656e736974697665223a66616c73652c2274797065223a22737472696e67227d2c7b226e616d65223a2263697479222c226c6576656c223a224731222c22706572736f6e616c223a66616c73652c2273656e736974697665223a66616c73652c2274797065223a22696e7465676572227d2c7b226e616d65223a2273636f7265222c226c6576656c223a224731222c22706572736f6e616c223a66616c73652c2273656e736974697665223a66616c73652c2274797065223a226e756d626572227d5d2c227465726d73223a7b22636f6e73756d657273223a7b226b696e6473223a5b5d2c226c6576656c73223a5b5d2c226f7267616e69736174696f6e73223a5b5d2c2267726f757073223a5b5d7d2c22707572706f736573223a5b2274616c656e742d73657276696365222c2273746174697374696373225d2c226669656c6473223a5b22706572736f6e5f6964222c226e616d65222c2263697479222c2273636f7265225d2c226d61736b73223a7b226e616d65223a7b226b696e64223a227061727469616c222c226b6565705f656e64223a302c226b6565705f7374617274223a317d7d2c22726f775f66696c74657273223a5b5d2c22726f775f636170223a313030303030302c227261746573223a5b5d2c22636f6e73656e74223a66616c73652c226d696e5f67726f7570223a302c226e6f745f6166746572223a3235333430323330303739392c226d6f64756c65223a2233623264393765653830643465643533313261626336633063333663613735336162323935326630356565353962326664316235333263613132326339613264227d2c226173736573736d656e7473223a5b22696d70616374225d7d2c2261677265656d656e7473223a5b7b226964223a2230316132326366312d363465662d373563642d393134642d653236623762623664623666222c22636f6e73756d6572223a2230316132326366312d353930332d376533342d626533612d373962326234303866363162222c2264617461736574223a2230316132326366312d363333642d376661662d383735372d643664383838346364383161222c226c616e65223a226f7065726174696f6e222c227374617465223a22616374697665222c226e6f745f6265666f7265223a313739363035303334372c226e6f745f6166746572223a343932323837303430302c22707572706f736573223a5b2274616c656e742d73657276696365225d2c226669656c6473223a5b22706572736f6e5f6964222c226e616d65222c2263697479222c2273636f7265225d2c226d61736b73223a7b7d2c22726f775f66696c74657273223a5b5d2c22726f775f636170223a313030303030302c226173736573736d656e7473223a5b5d7d5d7d', '2026-11-30 14:52:28.743218+00');


--
-- Data for Name: delivery_counts; Type: TABLE DATA; Schema: public; Owner: postgres
--



--
-- Data for Name: delivery_streams; Type: TABLE DATA; Schema: public; Owner: postgres
--

INSERT INTO public.delivery_streams VALUES ('01a22cf1-6a24-7ab8-a5bd-6188291288e6', '01a22cf1-5903-7e34-be3a-79b2b408f61b', '01a22cf1-57c8-7194-8cb0-9802b83a6548', 'completed', 43, 44, 7, 217, '92612e5ed0c7ac6b75dd6ba4cf607ca8947a0996d3a2536d7f38a0e6f06a5f75', '2026-11-30 14:52:28.609332+00');
INSERT INTO public.delivery_streams VALUES ('01a22cf1-c941-7e0e-80b3-b5ab979a11c2', '01a22cf1-5903-7e34-be3a-79b2b408f61b', '01a22cf1-57c8-7194-8cb0-9802b83a6548', 'completed', 48, 49, 7, 217, '92612e5ed0c7ac6b75dd6ba4cf607ca8947a0996d3a2536d7f38a0e6f06a5f75', '2026-11-30 14:52:53.135932+00');


--
-- Data for Name: key_marks; Type: TABLE DATA; Schema: public; Owner: postgres
--

INSERT INTO public.key_marks VALUES ('exchange.pem', 'vWjb8Ihb3bdux8llPKHkMyIGf2CQ8RiHyn_5wstVFQI', '2026-11-30 14:52:23.594252+00');
INSERT INTO public.key_marks VALUES ('ledger.pem', 'RrQmkwojlaeDzeDXDCKlQ3HEColOtE8wNwpLJprNjNc', '2026-11-30 14:52:23.594252+00');
INSERT INTO public.key_marks VALUES ('seal.key', '46ae9fcb89f4fb649c4cbdddc52cc3a4c6930b108e8edd851bf0f271b7d23a79', '2026-11-30 14:52:23.594252+00');


--
-- Data for Name: keys; Type: TABLE DATA; Schema: public; Owner: postgres
--

INSERT INTO public.keys VALUES ('rYOjl4ERj-s40vAY-cvqys0H-pEjUUIgCQt0pf5Dks8', '01a22cf1-53bf-7c39-b0ba-11042c13df5d', '\x9c24a03e158d725f42fc72100def83c92be076df206f7b651a91de44c7f86339', '2026-11-30 14:52:22.915461+00', NULL, NULL);
INSERT INTO public.keys VALUES ('RDOE8-09kO6X_nwWsiaCRbkRwkvxu6h0aCJF1s55Ru4', '01a22cf1-5687-78f0-9ddf-424de58eecc6', '\xce0835821d6a65acde8aa2aa8f4f755a9e022fca8621aabe4cf61b1670ef1581', '2026-11-30 14:52:23.581531+00', NULL, NULL);
INSERT INTO public.keys VALUES ('HmVNLv_Kv6iwfGzd_GdecB8NE3UZjwXDDtsNcsIu0UM', '01a22cf1-569e-7b54-b84c-f1f2f958c5a9', '\x4ec9306c331f090f5396ab5b69941e388aca4253bb31c49697f3dfe40ef8b3b7', '2026-11-30 14:52:23.593411+00', NULL, NULL);
INSERT INTO public.keys VALUES ('L-0ErjLP4JqtEnc1uwCg5j9qGzbCSbdrffPv9HsKahk', '01a22cf1-57dc-77de-9f8e-f0c2560eee7d', '\x25788473054daeeea6117e7e103f29c7b7cb8a4771e8cf23546144cf3ee94a9d', '2026-11-30 14:52:23.91227+00', NULL, NULL);
INSERT INTO public.keys VALUES ('3FKKT3IY-qbfSAqW59Tz4FvAia57rIp0FwledZ4lq7s', '01a22cf1-58c3-78eb-9b2a-79433358a3a2', '\xd9ad15effaf2e57714dfae8e066059ea41ae55a9817adfa676c280e49ebb8bd3', '2026-11-30 14:52:24.157481+00', NULL, NULL);
INSERT INTO public.keys VALUES ('K72Hxwa9dQdxPBxuj3FZ_S15FWQ_rb5RVNUPOIfDYOE', '01a22cf1-5914-7b8c-8f26-1f35f3916a06', '\x0f8b5babaec21571f1586920072876c1764ab0a546e087e6fe80b038fc4c4f58', '2026-11-30 14:52:24.221409+00', NULL, NULL);
INSERT INTO public.keys VALUES ('PzHEwNSfsFl8okyEWUP6gP7wRzmugS_k9IVZudZkXVU', '01a22cf1-59bd-7479-bc5d-68051feac069', '\x75a2fa699274b00c87543c5939930c163d86bde440b96e17edc14c78c19105fd', '2026-11-30 14:52:24.401572+00', NULL, NULL);


--
-- Data for Name: ledger_checkpoint; Type: TABLE DATA; Schema: public; Owner: postgres
--

INSERT INTO public.ledger_checkpoint VALUES (12, 'exchange.local/ledger/1
12
6UlAPXMHiwdTB1I8lJOYcOx/tSTJO9axnGPSCv5zcRo=

— exchange.local/ledger/1 rd1f95dAzUBLYN3hIIUzo7zF0CfF9iRdwFXGlEySn6QvElm98nzojQOnKuB6IKEJWVruFE6GUecGX+HGcaDcfaFQLQ8=
', '2026-11-30 14:52:23.849897+00');
INSERT INTO public.ledger_checkpoint VALUES (30, 'exchange.local/ledger/1
30
ut6rzcmXw7Suza9mdfR56/qnGlOptV5h3zZ7epAo17Y=

— exchange.local/ledger/1 rd1f96CPnKsmiXh4QQNM6J8bKH8sMSDTieEyJ6BUPMg86uxcYCoHkfF9sDZnYHBvXgaEiDtMAsE1+bB/qIMH2URccQ0=
', '2026-11-30 14:52:24.25744+00');
INSERT INTO public.ledger_checkpoint VALUES (35, 'exchange.local/ledger/1
35
q7vvmVEaWASXjWoSaee4MQw4hP7w1H8XDaDrY+FYDhM=

— exchange.local/ledger/1 rd1f9+WfRZDBIFPjVHfBjh+IISTmgXlHPGEQqwOhZwLNqyuiwWOs2I17bglNrt0V+D5IlQcpvQMmO6ENg0Xm2vSBPA4=
', '2026-11-30 14:52:24.630806+00');
INSERT INTO public.ledger_checkpoint VALUES (36, 'exchange.local/ledger/1
36
6SZmAnEHxL/Qoj74bUCStn8cngyhxNynvbyE993gF4M=

— exchange.local/ledger/1 rd1f9zvCZCyOc+aAfCVF1NSky6ZNb8z4QiHw3mpoxj5+oaeJORWpLS4Fxx49JhCLV0YXTaNlD54SEkp5V0XBoorZeAs=
', '2026-11-30 14:52:26.263881+00');
INSERT INTO public.ledger_checkpoint VALUES (38, 'exchange.local/ledger/1
38
X78f3LO+pbjN4lNFp32EnuuvMkD4udNVU+0zcuI23v0=

— exchange.local/ledger/1 rd1f9wNyunD6GqQdJufYFKmB7O5++CoUB/Rgt/5qcozF+6wUtFENxGOYKP2mPxD5Ewna4MhyxKRATX3CBSAJnbIA2AA=
', '2026-11-30 14:52:26.921404+00');
INSERT INTO public.ledger_checkpoint VALUES (40, 'exchange.local/ledger/1
40
VQ81KQSX3XrGQMX1xanrkzTpk7WXnoMfJoqC7GKKv0k=

— exchange.local/ledger/1 rd1f91Xml/y0Xt+FYvd02WeNAi2HS27I5fV6lYhhThnSN6wc6U7Y2MRFI8gY3MSXf0L2YCgAm1rdFzzrcRGXjHAj2As=
', '2026-11-30 14:52:27.258593+00');
INSERT INTO public.ledger_checkpoint VALUES (41, 'exchange.local/ledger/1
41
0o+1+TfTqDBHhHTgAoP8TotTeBZq58wqtibl1EX0/+Q=

— exchange.local/ledger/1 rd1f9wh8yqfLafbvehVUDMN4UpOogzreXYaggeWorKcINXn4kgpjP9GiVT1eQfQnuaxlLi71xFpgvNeUGEZtaMCfLQw=
', '2026-11-30 14:52:27.566216+00');
INSERT INTO public.ledger_checkpoint VALUES (42, 'exchange.local/ledger/1
42
OliCjEm7jVtoZSp5vAgrReIRLpylLbFX3vurZjZVNV0=

— exchange.local/ledger/1 rd1f9/npEaCgnhMBejWWjtv6F1mL514myBtET45Kftf9Ej1lpaAKaFOu/s/+dMSqjVd7coU6dosbDo/6xpJ4FDl0Iwc=
', '2026-11-30 14:52:28.380089+00');
INSERT INTO public.ledger_checkpoint VALUES (44, 'exchange.local/ledger/1
44
ywiX9eqbO5l5wnt4UIVAJT26iygzHyBcfKPn5JoestY=

— exchange.local/ledger/1 rd1f9yEdsyFV2etsTOIwukpGNTTt9USfK+AAgqgG1eC3c2lopeufAms5OeZm/ZGFNnFqeutW4dUX3dEnvBf8xzjHtAI=
', '2026-11-30 14:52:28.648417+00');
INSERT INTO public.ledger_checkpoint VALUES (47, 'exchange.local/ledger/1
47
QTdkIdbslhxlmowho/VWH40ifzhQ+dXl0F7yedCLoMw=

— exchange.local/ledger/1 rd1f9+7PuJOXJmOmyKSrRhWxrppZmATksKqCp7cqqj7cR20V+sUWzHGlWWBcOROHn/muJSmDxTFvWG4V0FmgA97tzQY=
', '2026-11-30 14:52:28.933271+00');
INSERT INTO public.ledger_checkpoint VALUES (48, 'exchange.local/ledger/1
48
zE00nsJf62lrlCrlLFMg/XfVdf1UJOTwSGVTXGZ+N7E=

— exchange.local/ledger/1 rd1f94rv/HwBp/gM7XBuK2BxAoIvMoyTt1fbboLBOVxefO48kKiChQn/W95OW/tS5S+RlN1bxr0yTd1IR7Pej/anRQU=
', '2026-11-30 14:52:50.091704+00');
INSERT INTO public.ledger_checkpoint VALUES (50, 'exchange.local/ledger/1
50
QNniEMTw0zoyA/32PZD1YJvp0FkekbXCYNLQKtyV+X4=

— exchange.local/ledger/1 rd1f909VbL2evvHo+rZdpURTpsS3ZNoD13GG0Mjbii2JBuy0l9T9ncKl1Qrsm4zAvpJY4IBmrmCNwceXlFiZRncC2wo=
', '2026-11-30 14:52:53.287818+00');


--
-- Data for Name: ledger_entry; Type: TABLE DATA; Schema: public; Owner: postgres
--

INSERT INTO public.ledger_entry VALUES (0, '\x0c5210952ddc943be2e2dccd71a02a7994c4e5f86fd0c04e9a48995857f549f4', '\x7b22626f6479223a7b226163746f72223a7b7d2c226174223a22323032362d31312d33305431343a35323a32322e3832323232365a222c226f726967696e223a2265786368616e67652e6c6f63616c2f6c65646765722f31222c2274797065223a2265786368616e67652e696e697469616c69736564222c22766b6579223a2265786368616e67652e6c6f63616c2f6c65646765722f312b61646464356666372b415a61574e5643486453466137706c69395934445763552b612b426a394c71752b616f4d5457526e45583479227d2c2270726576223a2230303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030222c22736571223a302c2276223a317d');
INSERT INTO public.ledger_entry VALUES (1, '\x57256c3a4969bfa5404fa2aef8c227991536604b3691b62a3a27daffecc365b0', '\x7b22626f6479223a7b226163746f72223a7b7d2c226174223a22323032362d31312d33305431343a35323a32322e3834373432315a222c22636f6465223a2231323333303030304d423030303030303148222c2268616e646c65223a226f70657261746f72222c226f626a656374223a7b226964223a2230316132326366312d353361372d376231662d383262342d386530623034353630356162222c226b696e64223a226f7267616e69736174696f6e227d2c226f7267616e69736174696f6e5f6b696e64223a22696e737469747574696f6e222c2274797065223a226f7267616e69736174696f6e2e72656769737465726564227d2c2270726576223a2230633532313039353264646339343362653265326463636437316130326137393934633465356638366664306330346539613438393935383537663534396634222c22736571223a312c2276223a317d');
INSERT INTO public.ledger_entry VALUES (2, '\xdedfb5814401b15641861cdc79665e77bd4af4e56aa601b867e4d7c55da39660', '\x7b22626f6479223a7b226163746f72223a7b7d2c226174223a22323032362d31312d33305431343a35323a32322e3838313835325a222c226f626a656374223a7b226964223a2230316132326366312d353362662d376333392d623062612d313130343263313364663564222c226b696e64223a226d656d626572227d2c226f7267616e69736174696f6e223a2230316132326366312d353361372d376231662d383262342d386530623034353630356162222c2274797065223a226d656d6265722e656e726f6c6c6564227d2c2270726576223a2235373235366333613439363962666135343034666132616566386332323739393135333636303462333639316236326133613237646166666563633336356230222c22736571223a322c2276223a317d');
INSERT INTO public.ledger_entry VALUES (3, '\xc923485afbac0267ad79666477c5b960e31e5fe6d15c1a0b30ef144525125b35', '\x7b22626f6479223a7b226163746f72223a7b7d2c226174223a22323032362d31312d33305431343a35323a32322e3931353630345a222c226f626a656374223a7b226964223a2272594f6a6c3445526a2d7334307641592d637671797330482d70456a5555496743517430706635446b7338222c226b696e64223a226b6579227d2c227072696e636970616c223a2230316132326366312d353362662d376333392d623062612d313130343263313364663564222c227075626c69635f6b6579223a226e4353675068574e636c39435f48495144652d4479537667647438676233746c47704865524d6634597a6b222c2274797065223a226b65792e72656769737465726564227d2c2270726576223a2264656466623538313434303162313536343138363163646337393636356537376264346166346535366161363031623836376534643763353564613339363630222c22736571223a332c2276223a317d');
INSERT INTO public.ledger_entry VALUES (4, '\x59e4d19e76749e1f5eda97c23d050b732abc70c0f53b074c1d3c16f161f5dda7', '\x7b22626f6479223a7b226163746f72223a7b7d2c226174223a22323032362d31312d33305431343a35323a32332e3531353333375a222c226f626a656374223a7b226964223a2230316132326366312d353361372d376231662d383262342d386530623034353630356162222c226b696e64223a226f7267616e69736174696f6e227d2c2274797065223a226f7267616e69736174696f6e2e61646d6974746564227d2c2270726576223a2263393233343835616662616330323637616437393636363437376335623936306533316535666536643135633161306233306566313434353235313235623335222c22736571223a342c2276223a317d');
INSERT INTO public.ledger_entry VALUES (5, '\x7fb5e57743ccad9bed25636b72d66347fc50d71c846f27b4c27344ed3c4402e6', '\x7b22626f6479223a7b226163746f72223a7b7d2c226174223a22323032362d31312d33305431343a35323a32332e3535383637395a222c22646f6d61696e223a2265786368616e6765222c226f626a656374223a7b226964223a2230316132326366312d353362662d376333392d623062612d313130343263313364663564222c226b696e64223a227072696e636970616c227d2c22726f6c65223a226f70657261746f72222c2274797065223a22726f6c652e61737369676e6564227d2c2270726576223a2235396534643139653736373439653166356564613937633233643035306237333261626337306330663533623037346331643363313666313631663564646137222c22736571223a352c2276223a317d');
INSERT INTO public.ledger_entry VALUES (6, '\x02a0bb770094eea2c678d419647c241e4f24e96f54bc365248ca430024788767', '\x7b22626f6479223a7b226163746f72223a7b7d2c226174223a22323032362d31312d33305431343a35323a32332e3537333330345a222c226f626a656374223a7b226964223a2230316132326366312d353638372d373866302d396464662d343234646535386565636336222c226b696e64223a226d656d626572227d2c226f7267616e69736174696f6e223a2230316132326366312d353361372d376231662d383262342d386530623034353630356162222c2274797065223a226d656d6265722e656e726f6c6c6564227d2c2270726576223a2237666235653537373433636361643962656432353633366237326436363334376663353064373163383436663237623463323733343465643363343430326536222c22736571223a362c2276223a317d');
INSERT INTO public.ledger_entry VALUES (7, '\x490d4eb29982e9c69ae45702d7798d851c51490295bd256c28632108c3d3cd0e', '\x7b22626f6479223a7b226163746f72223a7b7d2c226174223a22323032362d31312d33305431343a35323a32332e3538313635335a222c226f626a656374223a7b226964223a2252444f45382d30396b4f36585f6e77577369614352626b52776b76787536683061434a4631733535527534222c226b696e64223a226b6579227d2c227072696e636970616c223a2230316132326366312d353638372d373866302d396464662d343234646535386565636336222c227075626c69635f6b6579223a227a676731676831715a617a6569714b716a303931577034434c3871474961712d54505962466e4476465945222c2274797065223a226b65792e72656769737465726564227d2c2270726576223a2230326130626237373030393465656132633637386434313936343763323431653466323465393666353462633336353234386361343330303234373838373637222c22736571223a372c2276223a317d');
INSERT INTO public.ledger_entry VALUES (8, '\x83656ddc7757e8f28bc495722057cd8177c1f4939827ccac45991fec314da7cf', '\x7b22626f6479223a7b226163746f72223a7b7d2c226174223a22323032362d31312d33305431343a35323a32332e3538313739375a222c22646f6d61696e223a2265786368616e6765222c226f626a656374223a7b226964223a2230316132326366312d353638372d373866302d396464662d343234646535386565636336222c226b696e64223a227072696e636970616c227d2c22726f6c65223a2273656375726974795f61646d696e6973747261746f72222c2274797065223a22726f6c652e61737369676e6564227d2c2270726576223a2234393064346562323939383265396336396165343537303264373739386438353163353134393032393562643235366332383633323130386333643363643065222c22736571223a382c2276223a317d');
INSERT INTO public.ledger_entry VALUES (9, '\x77df3fb3c50343d997347e996368569d9d41ff10eaeb3eae12cd2062c5fb2e9d', '\x7b22626f6479223a7b226163746f72223a7b7d2c226174223a22323032362d31312d33305431343a35323a32332e3539303531325a222c226f626a656374223a7b226964223a2230316132326366312d353639652d376235342d623834632d663166326639353863356139222c226b696e64223a226d656d626572227d2c226f7267616e69736174696f6e223a2230316132326366312d353361372d376231662d383262342d386530623034353630356162222c2274797065223a226d656d6265722e656e726f6c6c6564227d2c2270726576223a2238333635366464633737353765386632386263343935373232303537636438313737633166343933393832376363616334353939316665633331346461376366222c22736571223a392c2276223a317d');
INSERT INTO public.ledger_entry VALUES (10, '\x9d2ada09fd2cd4ba6e8c15e092f7dc845b97496f102954facead0f457422aaf6', '\x7b22626f6479223a7b226163746f72223a7b7d2c226174223a22323032362d31312d33305431343a35323a32332e3539333834395a222c226f626a656374223a7b226964223a22486d564e4c765f4b7636697766477a645f4764656342384e4533555a6a7758444474734e6373497530554d222c226b696e64223a226b6579227d2c227072696e636970616c223a2230316132326366312d353639652d376235342d623834632d663166326639353863356139222c227075626c69635f6b6579223a2254736b7762444d66435139546c717462615a51654f49724b516c4f374d6353576c5f506635413734733763222c2274797065223a226b65792e72656769737465726564227d2c2270726576223a2237376466336662336335303334336439393733343765393936333638353639643964343166663130656165623365616531326364323036326335666232653964222c22736571223a31302c2276223a317d');
INSERT INTO public.ledger_entry VALUES (11, '\x746f87c668b4dbb8f183869711b188d283fcb4debf67d993d8f52e07b648bccb', '\x7b22626f6479223a7b226163746f72223a7b7d2c226174223a22323032362d31312d33305431343a35323a32332e3539333939345a222c22646f6d61696e223a2265786368616e6765222c226f626a656374223a7b226964223a2230316132326366312d353639652d376235342d623834632d663166326639353863356139222c226b696e64223a227072696e636970616c227d2c22726f6c65223a2261756469746f72222c2274797065223a22726f6c652e61737369676e6564227d2c2270726576223a2239643261646130396664326364346261366538633135653039326637646338343562393734393666313032393534666163656164306634353734323261616636222c22736571223a31312c2276223a317d');
INSERT INTO public.ledger_entry VALUES (12, '\xc56e208080db09b8b4e248ff1e313bdbd661e5d25b31abe74513829430547dd7', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a2272594f6a6c3445526a2d7334307641592d637671797330482d70456a5555496743517430706635446b7338222c226f7267616e69736174696f6e223a2230316132326366312d353361372d376231662d383262342d386530623034353630356162222c227072696e636970616c223a2230316132326366312d353362662d376333392d623062612d313130343263313364663564227d2c226174223a22323032362d31312d33305431343a35323a32332e3930303232305a222c22636f6465223a2231323333303030304d42303030303030324c222c2268616e646c65223a226f776e6572222c226f626a656374223a7b226964223a2230316132326366312d353763382d373139342d386362302d393830326238336136353438222c226b696e64223a226f7267616e69736174696f6e227d2c226f7267616e69736174696f6e5f6b696e64223a226465706172746d656e74222c2272657175657374223a7b2262617365223a2230336131356363356133666564643635653864383131306536356331343466396632363435363466353461623732646338303937613930653333386431376334222c227369676e6174757265223a22785438766b35597062566a73716f674c663877746b427279543569424c754f76376767336d354f3245623779787a374c3034366177654579566f34565961764c68486d502b4442576c36397a746e67715a746e4842513d3d227d2c2274797065223a226f7267616e69736174696f6e2e72656769737465726564227d2c2270726576223a2237343666383763363638623464626238663138333836393731316231383864323833666362346465626636376439393364386635326530376236343862636362222c22736571223a31322c2276223a317d');
INSERT INTO public.ledger_entry VALUES (13, '\xadaa750662ff141b4a808649b96e7b421053e72114f9a5d2cac31cec431a64a9', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a2272594f6a6c3445526a2d7334307641592d637671797330482d70456a5555496743517430706635446b7338222c226f7267616e69736174696f6e223a2230316132326366312d353361372d376231662d383262342d386530623034353630356162222c227072696e636970616c223a2230316132326366312d353362662d376333392d623062612d313130343263313364663564227d2c226174223a22323032362d31312d33305431343a35323a32332e3930333336315a222c226f626a656374223a7b226964223a2230316132326366312d353764632d373764652d396638652d663063323536306565653764222c226b696e64223a226d656d626572227d2c226f7267616e69736174696f6e223a2230316132326366312d353763382d373139342d386362302d393830326238336136353438222c2272657175657374223a7b2262617365223a2230336131356363356133666564643635653864383131306536356331343466396632363435363466353461623732646338303937613930653333386431376334222c227369676e6174757265223a22785438766b35597062566a73716f674c663877746b427279543569424c754f76376767336d354f3245623779787a374c3034366177654579566f34565961764c68486d502b4442576c36397a746e67715a746e4842513d3d227d2c2274797065223a226d656d6265722e656e726f6c6c6564227d2c2270726576223a2263353665323038303830646230396238623465323438666631653331336264626436363165356432356233316162653734353133383239343330353437646437222c22736571223a31332c2276223a317d');
INSERT INTO public.ledger_entry VALUES (14, '\x3d1fa3d4c2046324d3b0a3e91495b19ab6b3980ed3804ab2b0105c10e8de753a', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a2272594f6a6c3445526a2d7334307641592d637671797330482d70456a5555496743517430706635446b7338222c226f7267616e69736174696f6e223a2230316132326366312d353361372d376231662d383262342d386530623034353630356162222c227072696e636970616c223a2230316132326366312d353362662d376333392d623062612d313130343263313364663564227d2c226174223a22323032362d31312d33305431343a35323a32332e3931323338355a222c226f626a656374223a7b226964223a224c2d3045726a4c50344a7174456e633175774367356a3971477a624353626472666650763948734b61686b222c226b696e64223a226b6579227d2c227072696e636970616c223a2230316132326366312d353764632d373764652d396638652d663063323536306565653764222c227075626c69635f6b6579223a224a5869456377564e7275366d4558352d454438707837664c696b6478364d386a564746457a7a3770537030222c2272657175657374223a7b2262617365223a2230336131356363356133666564643635653864383131306536356331343466396632363435363466353461623732646338303937613930653333386431376334222c227369676e6174757265223a22785438766b35597062566a73716f674c663877746b427279543569424c754f76376767336d354f3245623779787a374c3034366177654579566f34565961764c68486d502b4442576c36397a746e67715a746e4842513d3d227d2c2274797065223a226b65792e72656769737465726564227d2c2270726576223a2261646161373530363632666631343162346138303836343962393665376234323130353365373231313466396135643263616333316365633433316136346139222c22736571223a31342c2276223a317d');
INSERT INTO public.ledger_entry VALUES (15, '\x36749781f3e289b9068eaa1227c68466c46b2ab9baf983590000156f64113f69', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a2272594f6a6c3445526a2d7334307641592d637671797330482d70456a5555496743517430706635446b7338222c226f7267616e69736174696f6e223a2230316132326366312d353361372d376231662d383262342d386530623034353630356162222c227072696e636970616c223a2230316132326366312d353362662d376333392d623062612d313130343263313364663564227d2c226174223a22323032362d31312d33305431343a35323a32332e3931323532345a222c22646f6d61696e223a2230316132326366312d353763382d373139342d386362302d393830326238336136353438222c226f626a656374223a7b226964223a2230316132326366312d353764632d373764652d396638652d663063323536306565653764222c226b696e64223a227072696e636970616c227d2c2272657175657374223a7b2262617365223a2230336131356363356133666564643635653864383131306536356331343466396632363435363466353461623732646338303937613930653333386431376334222c227369676e6174757265223a22785438766b35597062566a73716f674c663877746b427279543569424c754f76376767336d354f3245623779787a374c3034366177654579566f34565961764c68486d502b4442576c36397a746e67715a746e4842513d3d227d2c22726f6c65223a2273746577617264222c2274797065223a22726f6c652e61737369676e6564227d2c2270726576223a2233643166613364346332303436333234643362306133653931343935623139616236623339383065643338303461623262303130356331306538646537353361222c22736571223a31352c2276223a317d');
INSERT INTO public.ledger_entry VALUES (16, '\xfc528f7a7ac4a74891bcc9c3527a87e716a65e880b2db6de9b271fcf028dfaa3', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a2272594f6a6c3445526a2d7334307641592d637671797330482d70456a5555496743517430706635446b7338222c226f7267616e69736174696f6e223a2230316132326366312d353361372d376231662d383262342d386530623034353630356162222c227072696e636970616c223a2230316132326366312d353362662d376333392d623062612d313130343263313364663564227d2c226174223a22323032362d31312d33305431343a35323a32332e3931323537305a222c22646f6d61696e223a2230316132326366312d353763382d373139342d386362302d393830326238336136353438222c226f626a656374223a7b226964223a2230316132326366312d353764632d373764652d396638652d663063323536306565653764222c226b696e64223a227072696e636970616c227d2c2272657175657374223a7b2262617365223a2230336131356363356133666564643635653864383131306536356331343466396632363435363466353461623732646338303937613930653333386431376334222c227369676e6174757265223a22785438766b35597062566a73716f674c663877746b427279543569424c754f76376767336d354f3245623779787a374c3034366177654579566f34565961764c68486d502b4442576c36397a746e67715a746e4842513d3d227d2c22726f6c65223a22617070726f766572222c2274797065223a22726f6c652e61737369676e6564227d2c2270726576223a2233363734393738316633653238396239303638656161313232376336383436366334366232616239626166393833353930303030313536663634313133663639222c22736571223a31362c2276223a317d');
INSERT INTO public.ledger_entry VALUES (17, '\xd6b8be38c2a20915f192aa072c7aefaca05e758a071ce4f40dcdffd5b433ebeb', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a2272594f6a6c3445526a2d7334307641592d637671797330482d70456a5555496743517430706635446b7338222c226f7267616e69736174696f6e223a2230316132326366312d353361372d376231662d383262342d386530623034353630356162222c227072696e636970616c223a2230316132326366312d353362662d376333392d623062612d313130343263313364663564227d2c226174223a22323032362d31312d33305431343a35323a32332e3931323630375a222c22646f6d61696e223a2230316132326366312d353763382d373139342d386362302d393830326238336136353438222c226f626a656374223a7b226964223a2230316132326366312d353764632d373764652d396638652d663063323536306565653764222c226b696e64223a227072696e636970616c227d2c2272657175657374223a7b2262617365223a2230336131356363356133666564643635653864383131306536356331343466396632363435363466353461623732646338303937613930653333386431376334222c227369676e6174757265223a22785438766b35597062566a73716f674c663877746b427279543569424c754f76376767336d354f3245623779787a374c3034366177654579566f34565961764c68486d502b4442576c36397a746e67715a746e4842513d3d227d2c22726f6c65223a22636f6e73756d6572222c2274797065223a22726f6c652e61737369676e6564227d2c2270726576223a2266633532386637613761633461373438393162636339633335323761383765373136613635653838306232646236646539623237316663663032386466616133222c22736571223a31372c2276223a317d');
INSERT INTO public.ledger_entry VALUES (18, '\x91273b1d57ac5b5c654ce04f1696f3eca50502faef431d893e04a2586714daf1', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a2272594f6a6c3445526a2d7334307641592d637671797330482d70456a5555496743517430706635446b7338222c226f7267616e69736174696f6e223a2230316132326366312d353361372d376231662d383262342d386530623034353630356162222c227072696e636970616c223a2230316132326366312d353362662d376333392d623062612d313130343263313364663564227d2c226174223a22323032362d31312d33305431343a35323a32332e3931323633335a222c22646f6d61696e223a2230316132326366312d353763382d373139342d386362302d393830326238336136353438222c226f626a656374223a7b226964223a2230316132326366312d353764632d373764652d396638652d663063323536306565653764222c226b696e64223a227072696e636970616c227d2c2272657175657374223a7b2262617365223a2230336131356363356133666564643635653864383131306536356331343466396632363435363466353461623732646338303937613930653333386431376334222c227369676e6174757265223a22785438766b35597062566a73716f674c663877746b427279543569424c754f76376767336d354f3245623779787a374c3034366177654579566f34565961764c68486d502b4442576c36397a746e67715a746e4842513d3d227d2c22726f6c65223a2273656375726974795f61646d696e6973747261746f72222c2274797065223a22726f6c652e61737369676e6564227d2c2270726576223a2264366238626533386332613230393135663139326161303732633761656661636130356537353861303731636534663430646364666664356234333365626562222c22736571223a31382c2276223a317d');
INSERT INTO public.ledger_entry VALUES (19, '\x2142162e9b0b1caff0f0194ed32aba12b093a1a533d37e87993415717ec9a30f', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a2272594f6a6c3445526a2d7334307641592d637671797330482d70456a5555496743517430706635446b7338222c226f7267616e69736174696f6e223a2230316132326366312d353361372d376231662d383262342d386530623034353630356162222c227072696e636970616c223a2230316132326366312d353362662d376333392d623062612d313130343263313364663564227d2c226174223a22323032362d31312d33305431343a35323a32342e3031353833305a222c226f626a656374223a7b226964223a2230316132326366312d353763382d373139342d386362302d393830326238336136353438222c226b696e64223a226f7267616e69736174696f6e227d2c2272657175657374223a7b2262617365223a2266343233333336343665303363383830376537313438623466613562633934663836363966323135663032633834666262386334653738666262363365616662222c227369676e6174757265223a227965304b4553716f4f51334d61552f4b522f396f786b547a593671694c773362456f655a63425049576c6e4a6656395875314331464e744f576a6c6c6c55787076386957767730486838514a64632f424e44686642773d3d227d2c2274797065223a226f7267616e69736174696f6e2e61646d6974746564227d2c2270726576223a2239313237336231643537616335623563363534636530346631363936663365636135303530326661656634333164383933653034613235383637313464616631222c22736571223a31392c2276223a317d');
INSERT INTO public.ledger_entry VALUES (20, '\x18a898fd608be3f934af5fd6e19f7e9c5600f1371959775e81ab7a6a5ec2b75d', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a224c2d3045726a4c50344a7174456e633175774367356a3971477a624353626472666650763948734b61686b222c226f7267616e69736174696f6e223a2230316132326366312d353763382d373139342d386362302d393830326238336136353438222c227072696e636970616c223a2230316132326366312d353764632d373764652d396638652d663063323536306565653764227d2c226174223a22323032362d31312d33305431343a35323a32342e3134393630355a222c2268616e646c65223a2273657276696365222c226f626a656374223a7b226964223a2230316132326366312d353863332d373865622d396232612d373934333333353861336132222c226b696e64223a2273797374656d227d2c226f7267616e69736174696f6e223a2230316132326366312d353763382d373139342d386362302d393830326238336136353438222c2272657175657374223a7b2262617365223a2266323466336439666132303334646463316433333833313366303732626438376438636238346232656333373032613433323430356661636638316338303437222c227369676e6174757265223a224a694b306c71715076532b6361497a5a6733464565574161465255497079554e3872484a5a5a776a5759725537354e5342747130714e63674e48374d6a3530666854394f5378766742567338362f48785078724f42773d3d227d2c2274797065223a2273797374656d2e656e726f6c6c6564227d2c2270726576223a2232313432313632653962306231636166663066303139346564333261626131326230393361316135333364333765383739393334313537313765633961333066222c22736571223a32302c2276223a317d');
INSERT INTO public.ledger_entry VALUES (21, '\x33ca97ca195c8ae2c6608ab76f8e963fcf6108ea75e9e2d17c67225c2a767489', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a224c2d3045726a4c50344a7174456e633175774367356a3971477a624353626472666650763948734b61686b222c226f7267616e69736174696f6e223a2230316132326366312d353763382d373139342d386362302d393830326238336136353438222c227072696e636970616c223a2230316132326366312d353764632d373764652d396638652d663063323536306565653764227d2c226174223a22323032362d31312d33305431343a35323a32342e3135373539365a222c226f626a656374223a7b226964223a2233464b4b543349592d716266534171573539547a34467641696135377249703046776c65645a346c713773222c226b696e64223a226b6579227d2c227072696e636970616c223a2230316132326366312d353863332d373865622d396232612d373934333333353861336132222c227075626c69635f6b6579223a2232613056375f7279355863553336364f426d425a366b477556616d4265742d6d64734b41354a363769394d222c2272657175657374223a7b2262617365223a2266323466336439666132303334646463316433333833313366303732626438376438636238346232656333373032613433323430356661636638316338303437222c227369676e6174757265223a224a694b306c71715076532b6361497a5a6733464565574161465255497079554e3872484a5a5a776a5759725537354e5342747130714e63674e48374d6a3530666854394f5378766742567338362f48785078724f42773d3d227d2c2274797065223a226b65792e72656769737465726564227d2c2270726576223a2231386138393866643630386265336639333461663566643665313966376539633536303066313337313935393737356538316162376136613565633262373564222c22736571223a32312c2276223a317d');
INSERT INTO public.ledger_entry VALUES (22, '\x68be45d90741073980bb846eb3c3277277af3642a80e67cc6c33aa498b16aea3', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a224c2d3045726a4c50344a7174456e633175774367356a3971477a624353626472666650763948734b61686b222c226f7267616e69736174696f6e223a2230316132326366312d353763382d373139342d386362302d393830326238336136353438222c227072696e636970616c223a2230316132326366312d353764632d373764652d396638652d663063323536306565653764227d2c226174223a22323032362d31312d33305431343a35323a32342e3135373733385a222c22646f6d61696e223a2230316132326366312d353763382d373139342d386362302d393830326238336136353438222c226f626a656374223a7b226964223a2230316132326366312d353863332d373865622d396232612d373934333333353861336132222c226b696e64223a227072696e636970616c227d2c2272657175657374223a7b2262617365223a2266323466336439666132303334646463316433333833313366303732626438376438636238346232656333373032613433323430356661636638316338303437222c227369676e6174757265223a224a694b306c71715076532b6361497a5a6733464565574161465255497079554e3872484a5a5a776a5759725537354e5342747130714e63674e48374d6a3530666854394f5378766742567338362f48785078724f42773d3d227d2c22726f6c65223a22636f6e73756d6572222c2274797065223a22726f6c652e61737369676e6564227d2c2270726576223a2233336361393763613139356338616532633636303861623736663865393633666366363130386561373565396532643137633637323235633261373637343839222c22736571223a32322c2276223a317d');
INSERT INTO public.ledger_entry VALUES (23, '\x0b38c52a1cf191b70a60e73f8ce953447c4b53f3bd15a13eca80a2f4111567ec', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a2272594f6a6c3445526a2d7334307641592d637671797330482d70456a5555496743517430706635446b7338222c226f7267616e69736174696f6e223a2230316132326366312d353361372d376231662d383262342d386530623034353630356162222c227072696e636970616c223a2230316132326366312d353362662d376333392d623062612d313130343263313364663564227d2c226174223a22323032362d31312d33305431343a35323a32342e3231323334355a222c22636f6465223a2231323333303030304d423030303030303350222c2268616e646c65223a22636f6e73756d6572222c226f626a656374223a7b226964223a2230316132326366312d353930332d376533342d626533612d373962326234303866363162222c226b696e64223a226f7267616e69736174696f6e227d2c226f7267616e69736174696f6e5f6b696e64223a22696e737469747574696f6e222c2272657175657374223a7b2262617365223a2233316332623566316364323336306662633563356534343463376139346131663939633239623732306130643463373463646361393064336466366564313339222c227369676e6174757265223a226a7a4c416e477061305446714378444d49424f3335484b6269377a667765332b51747248526f546773764836776e5442476e4a575144366b324b5a366362563061327064326543523943644a4253324f6758473444513d3d227d2c2274797065223a226f7267616e69736174696f6e2e72656769737465726564227d2c2270726576223a2236386265343564393037343130373339383062623834366562336333323737323737616633363432613830653637636336633333616134393862313661656133222c22736571223a32332c2276223a317d');
INSERT INTO public.ledger_entry VALUES (24, '\xfb3d694252ff42f185ff5be44dc286a70d22df8a74703919e1290b9439b18031', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a2272594f6a6c3445526a2d7334307641592d637671797330482d70456a5555496743517430706635446b7338222c226f7267616e69736174696f6e223a2230316132326366312d353361372d376231662d383262342d386530623034353630356162222c227072696e636970616c223a2230316132326366312d353362662d376333392d623062612d313130343263313364663564227d2c226174223a22323032362d31312d33305431343a35323a32342e3231353137305a222c226f626a656374223a7b226964223a2230316132326366312d353931342d376238632d386632362d316633356633393136613036222c226b696e64223a226d656d626572227d2c226f7267616e69736174696f6e223a2230316132326366312d353930332d376533342d626533612d373962326234303866363162222c2272657175657374223a7b2262617365223a2233316332623566316364323336306662633563356534343463376139346131663939633239623732306130643463373463646361393064336466366564313339222c227369676e6174757265223a226a7a4c416e477061305446714378444d49424f3335484b6269377a667765332b51747248526f546773764836776e5442476e4a575144366b324b5a366362563061327064326543523943644a4253324f6758473444513d3d227d2c2274797065223a226d656d6265722e656e726f6c6c6564227d2c2270726576223a2230623338633532613163663139316237306136306537336638636539353334343763346235336633626431356131336563613830613266343131313536376563222c22736571223a32342c2276223a317d');
INSERT INTO public.ledger_entry VALUES (25, '\x24fef0826edc571644c34830dda02e6d3c8d491eebc00345a51e94732145083e', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a2272594f6a6c3445526a2d7334307641592d637671797330482d70456a5555496743517430706635446b7338222c226f7267616e69736174696f6e223a2230316132326366312d353361372d376231662d383262342d386530623034353630356162222c227072696e636970616c223a2230316132326366312d353362662d376333392d623062612d313130343263313364663564227d2c226174223a22323032362d31312d33305431343a35323a32342e3232313533375a222c226f626a656374223a7b226964223a224b3732487877613964516478504278756a33465a5f5331354657515f72623552564e55504f496644594f45222c226b696e64223a226b6579227d2c227072696e636970616c223a2230316132326366312d353931342d376238632d386632362d316633356633393136613036222c227075626c69635f6b6579223a2244347462713637434658487857476b674279683277585a4b734b56473449666d5f6f43774f50784d543167222c2272657175657374223a7b2262617365223a2233316332623566316364323336306662633563356534343463376139346131663939633239623732306130643463373463646361393064336466366564313339222c227369676e6174757265223a226a7a4c416e477061305446714378444d49424f3335484b6269377a667765332b51747248526f546773764836776e5442476e4a575144366b324b5a366362563061327064326543523943644a4253324f6758473444513d3d227d2c2274797065223a226b65792e72656769737465726564227d2c2270726576223a2266623364363934323532666634326631383566663562653434646332383661373064323264663861373437303339313965313239306239343339623138303331222c22736571223a32352c2276223a317d');
INSERT INTO public.ledger_entry VALUES (26, '\x5ef51ae4641fc15a3307820612abe2634297a9948c804551e0f4558f0f6b27db', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a2272594f6a6c3445526a2d7334307641592d637671797330482d70456a5555496743517430706635446b7338222c226f7267616e69736174696f6e223a2230316132326366312d353361372d376231662d383262342d386530623034353630356162222c227072696e636970616c223a2230316132326366312d353362662d376333392d623062612d313130343263313364663564227d2c226174223a22323032362d31312d33305431343a35323a32342e3232313634395a222c22646f6d61696e223a2230316132326366312d353930332d376533342d626533612d373962326234303866363162222c226f626a656374223a7b226964223a2230316132326366312d353931342d376238632d386632362d316633356633393136613036222c226b696e64223a227072696e636970616c227d2c2272657175657374223a7b2262617365223a2233316332623566316364323336306662633563356534343463376139346131663939633239623732306130643463373463646361393064336466366564313339222c227369676e6174757265223a226a7a4c416e477061305446714378444d49424f3335484b6269377a667765332b51747248526f546773764836776e5442476e4a575144366b324b5a366362563061327064326543523943644a4253324f6758473444513d3d227d2c22726f6c65223a2273746577617264222c2274797065223a22726f6c652e61737369676e6564227d2c2270726576223a2232346665663038323665646335373136343463333438333064646130326536643363386434393165656263303033343561353165393437333231343530383365222c22736571223a32362c2276223a317d');
INSERT INTO public.ledger_entry VALUES (27, '\xec4d2a2ec832e65e8af7bb4e7cdf5c73dd69a661e0ab66e9bfa6b2146d30deca', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a2272594f6a6c3445526a2d7334307641592d637671797330482d70456a5555496743517430706635446b7338222c226f7267616e69736174696f6e223a2230316132326366312d353361372d376231662d383262342d386530623034353630356162222c227072696e636970616c223a2230316132326366312d353362662d376333392d623062612d313130343263313364663564227d2c226174223a22323032362d31312d33305431343a35323a32342e3232313639325a222c22646f6d61696e223a2230316132326366312d353930332d376533342d626533612d373962326234303866363162222c226f626a656374223a7b226964223a2230316132326366312d353931342d376238632d386632362d316633356633393136613036222c226b696e64223a227072696e636970616c227d2c2272657175657374223a7b2262617365223a2233316332623566316364323336306662633563356534343463376139346131663939633239623732306130643463373463646361393064336466366564313339222c227369676e6174757265223a226a7a4c416e477061305446714378444d49424f3335484b6269377a667765332b51747248526f546773764836776e5442476e4a575144366b324b5a366362563061327064326543523943644a4253324f6758473444513d3d227d2c22726f6c65223a22617070726f766572222c2274797065223a22726f6c652e61737369676e6564227d2c2270726576223a2235656635316165343634316663313561333330373832303631326162653236333432393761393934386338303435353165306634353538663066366232376462222c22736571223a32372c2276223a317d');
INSERT INTO public.ledger_entry VALUES (28, '\x5eaf6adeeb02afc2b2ffc071004acaaa1266060ac08845d83ea9f537cf1db697', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a2272594f6a6c3445526a2d7334307641592d637671797330482d70456a5555496743517430706635446b7338222c226f7267616e69736174696f6e223a2230316132326366312d353361372d376231662d383262342d386530623034353630356162222c227072696e636970616c223a2230316132326366312d353362662d376333392d623062612d313130343263313364663564227d2c226174223a22323032362d31312d33305431343a35323a32342e3232313732365a222c22646f6d61696e223a2230316132326366312d353930332d376533342d626533612d373962326234303866363162222c226f626a656374223a7b226964223a2230316132326366312d353931342d376238632d386632362d316633356633393136613036222c226b696e64223a227072696e636970616c227d2c2272657175657374223a7b2262617365223a2233316332623566316364323336306662633563356534343463376139346131663939633239623732306130643463373463646361393064336466366564313339222c227369676e6174757265223a226a7a4c416e477061305446714378444d49424f3335484b6269377a667765332b51747248526f546773764836776e5442476e4a575144366b324b5a366362563061327064326543523943644a4253324f6758473444513d3d227d2c22726f6c65223a22636f6e73756d6572222c2274797065223a22726f6c652e61737369676e6564227d2c2270726576223a2265633464326132656338333265363565386166376262346537636466356337336464363961363631653061623636653962666136623231343664333064656361222c22736571223a32382c2276223a317d');
INSERT INTO public.ledger_entry VALUES (29, '\x3aec55d2f2e4d33317e680a5da3c1ea7621f2c84b73ea3bb59892dd481fe2962', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a2272594f6a6c3445526a2d7334307641592d637671797330482d70456a5555496743517430706635446b7338222c226f7267616e69736174696f6e223a2230316132326366312d353361372d376231662d383262342d386530623034353630356162222c227072696e636970616c223a2230316132326366312d353362662d376333392d623062612d313130343263313364663564227d2c226174223a22323032362d31312d33305431343a35323a32342e3232313735325a222c22646f6d61696e223a2230316132326366312d353930332d376533342d626533612d373962326234303866363162222c226f626a656374223a7b226964223a2230316132326366312d353931342d376238632d386632362d316633356633393136613036222c226b696e64223a227072696e636970616c227d2c2272657175657374223a7b2262617365223a2233316332623566316364323336306662633563356534343463376139346131663939633239623732306130643463373463646361393064336466366564313339222c227369676e6174757265223a226a7a4c416e477061305446714378444d49424f3335484b6269377a667765332b51747248526f546773764836776e5442476e4a575144366b324b5a366362563061327064326543523943644a4253324f6758473444513d3d227d2c22726f6c65223a2273656375726974795f61646d696e6973747261746f72222c2274797065223a22726f6c652e61737369676e6564227d2c2270726576223a2235656166366164656562303261666332623266666330373130303461636161613132363630363061633038383435643833656139663533376366316462363937222c22736571223a32392c2276223a317d');
INSERT INTO public.ledger_entry VALUES (30, '\x7b92a26eafe9f244e1b5b713cbff609a5c3d2fabad6a49063c77d40293d970ef', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a2272594f6a6c3445526a2d7334307641592d637671797330482d70456a5555496743517430706635446b7338222c226f7267616e69736174696f6e223a2230316132326366312d353361372d376231662d383262342d386530623034353630356162222c227072696e636970616c223a2230316132326366312d353362662d376333392d623062612d313130343263313364663564227d2c226174223a22323032362d31312d33305431343a35323a32342e3330313737385a222c226f626a656374223a7b226964223a2230316132326366312d353930332d376533342d626533612d373962326234303866363162222c226b696e64223a226f7267616e69736174696f6e227d2c2272657175657374223a7b2262617365223a2237393164666237383563653662363864346561653634633263376337323736633166616334663164633237383539393333613734626636313162336161303366222c227369676e6174757265223a227770767357504233505633497957456341364e4b542b507965564b45586e733645664a6930794b5563552b6f57693566544e6336456c45465243797a67786671704538517a723074764869436b316d596f4b634444513d3d227d2c2274797065223a226f7267616e69736174696f6e2e61646d6974746564227d2c2270726576223a2233616563353564326632653464333333313765363830613564613363316561373632316632633834623733656133626235393839326464343831666532393632222c22736571223a33302c2276223a317d');
INSERT INTO public.ledger_entry VALUES (31, '\x28a2a72190a439a2b22b2712051e2d3e98819b2c2ee543d50418a131e3912187', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a224b3732487877613964516478504278756a33465a5f5331354657515f72623552564e55504f496644594f45222c226f7267616e69736174696f6e223a2230316132326366312d353930332d376533342d626533612d373962326234303866363162222c227072696e636970616c223a2230316132326366312d353931342d376238632d386632362d316633356633393136613036227d2c226174223a22323032362d31312d33305431343a35323a32342e3338353239375a222c2268616e646c65223a2273657276696365222c226f626a656374223a7b226964223a2230316132326366312d353962642d373437392d626335642d363830353166656163303639222c226b696e64223a2273797374656d227d2c226f7267616e69736174696f6e223a2230316132326366312d353930332d376533342d626533612d373962326234303866363162222c2272657175657374223a7b2262617365223a2264366364343134633265663763383134373562316538616537336364363264303237643665343762396633366534343230396432326634363836666566323038222c227369676e6174757265223a22784e576c635863767033342f50586d493248305837524d774567685a635246576b78517378377153736249757955706d2b5764566347436534784b3647467053637a353154486450636f506d61486a4c576b646943513d3d227d2c2274797065223a2273797374656d2e656e726f6c6c6564227d2c2270726576223a2237623932613236656166653966323434653162356237313363626666363039613563336432666162616436613439303633633737643430323933643937306566222c22736571223a33312c2276223a317d');
INSERT INTO public.ledger_entry VALUES (32, '\xbca3b600de83c924993bd137ba5d3fd02e6952dc1a40bebc38992d92547a3fb3', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a224b3732487877613964516478504278756a33465a5f5331354657515f72623552564e55504f496644594f45222c226f7267616e69736174696f6e223a2230316132326366312d353930332d376533342d626533612d373962326234303866363162222c227072696e636970616c223a2230316132326366312d353931342d376238632d386632362d316633356633393136613036227d2c226174223a22323032362d31312d33305431343a35323a32342e3430313639315a222c226f626a656374223a7b226964223a22507a4845774e536673466c386f6b79455755503667503777527a6d7567535f6b3949565a75645a6b585655222c226b696e64223a226b6579227d2c227072696e636970616c223a2230316132326366312d353962642d373437392d626335642d363830353166656163303639222c227075626c69635f6b6579223a2264614c36615a4a30734179485644785a4f5a4d4d466a324776655241755734583763464d654d4752426630222c2272657175657374223a7b2262617365223a2264366364343134633265663763383134373562316538616537336364363264303237643665343762396633366534343230396432326634363836666566323038222c227369676e6174757265223a22784e576c635863767033342f50586d493248305837524d774567685a635246576b78517378377153736249757955706d2b5764566347436534784b3647467053637a353154486450636f506d61486a4c576b646943513d3d227d2c2274797065223a226b65792e72656769737465726564227d2c2270726576223a2232386132613732313930613433396132623232623237313230353165326433653938383139623263326565353433643530343138613133316533393132313837222c22736571223a33322c2276223a317d');
INSERT INTO public.ledger_entry VALUES (33, '\x6bbd085306d013d8eb7fccca488a3930161d1210dec373b15d19b12165d2c8cb', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a224b3732487877613964516478504278756a33465a5f5331354657515f72623552564e55504f496644594f45222c226f7267616e69736174696f6e223a2230316132326366312d353930332d376533342d626533612d373962326234303866363162222c227072696e636970616c223a2230316132326366312d353931342d376238632d386632362d316633356633393136613036227d2c226174223a22323032362d31312d33305431343a35323a32342e3430313832345a222c22646f6d61696e223a2230316132326366312d353930332d376533342d626533612d373962326234303866363162222c226f626a656374223a7b226964223a2230316132326366312d353962642d373437392d626335642d363830353166656163303639222c226b696e64223a227072696e636970616c227d2c2272657175657374223a7b2262617365223a2264366364343134633265663763383134373562316538616537336364363264303237643665343762396633366534343230396432326634363836666566323038222c227369676e6174757265223a22784e576c635863767033342f50586d493248305837524d774567685a635246576b78517378377153736249757955706d2b5764566347436534784b3647467053637a353154486450636f506d61486a4c576b646943513d3d227d2c22726f6c65223a22636f6e73756d6572222c2274797065223a22726f6c652e61737369676e6564227d2c2270726576223a2262636133623630306465383363393234393933626431333762613564336664303265363935326463316134306265626333383939326439323534376133666233222c22736571223a33332c2276223a317d');
INSERT INTO public.ledger_entry VALUES (34, '\x48544812bf984f974470c68282fe0e29b2e233153f2ae1ce7106143f90722886', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a224c2d3045726a4c50344a7174456e633175774367356a3971477a624353626472666650763948734b61686b222c226f7267616e69736174696f6e223a2230316132326366312d353763382d373139342d386362302d393830326238336136353438222c227072696e636970616c223a2230316132326366312d353764632d373764652d396638652d663063323536306565653764227d2c226174223a22323032362d31312d33305431343a35323a32342e3535343933365a222c226f626a656374223a7b226964223a2230316132326366312d356136612d373839342d623434352d306538376262323161306433222c226b696e64223a22736f75726365227d2c2272657175657374223a7b2262617365223a2237623166303165633830623762613534346463303831303230363963366439613230376233336633326164383261643563663435636632646238353262346563222c227369676e6174757265223a2251483872765030667065423448484c335974355a3055536434424839686645794342514849496f4a4e426d465a684455623946555735734f6a59704a306e4c6e32344c4d6a71334b614e324a7172566b6430464e44673d3d227d2c22736f757263655f6b696e64223a2266696c65222c2274797065223a22736f757263652e72656769737465726564227d2c2270726576223a2236626264303835333036643031336438656237666363636134383861333933303136316431323130646563333733623135643139623132313635643263386362222c22736571223a33342c2276223a317d');
INSERT INTO public.ledger_entry VALUES (35, '\xac5d7b6a17803a0df7f3e7afd7d50d40be68f551fb7e9d2c35b48cabfe65033c', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a224c2d3045726a4c50344a7174456e633175774367356a3971477a624353626472666650763948734b61686b222c226f7267616e69736174696f6e223a2230316132326366312d353763382d373139342d386362302d393830326238336136353438222c227072696e636970616c223a2230316132326366312d353764632d373764652d396638652d663063323536306565653764227d2c226174223a22323032362d31312d33305431343a35323a32362e3136383731305a222c22636f6c756d6e73223a342c22636f6e74656e74223a2263366539383630336139363432613336636266333031393632643565303163323132663236376266326133336533636362323763393636343566653831343830222c226f626a656374223a7b226964223a2230316132326366312d356136612d373839342d623434352d306538376262323161306433222c226b696e64223a22736f75726365227d2c2272657175657374223a7b2262617365223a2239616661343361386362663435633963633636386564363137656130313438646538396439363738633832653639666664313963653135383530383233373066222c227369676e6174757265223a22486174676e4c424d363453436372645a4843546873464b6d6e6f47655463616f707266736173556155356e786853685973676549744e384644657568436143566b652f524a567a2b79494d394e3770344234666b43513d3d227d2c22726f7773223a34302c2274797065223a22736f757263652e696d706f72746564227d2c2270726576223a2234383534343831326266393834663937343437306336383238326665306532396232653233333135336632616531636537313036313433663930373232383836222c22736571223a33352c2276223a317d');
INSERT INTO public.ledger_entry VALUES (36, '\x89518022841fe499ab36f187d14ad0af775932aa607159035eeff0a5d92308fd', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a224c2d3045726a4c50344a7174456e633175774367356a3971477a624353626472666650763948734b61686b222c226f7267616e69736174696f6e223a2230316132326366312d353763382d373139342d386362302d393830326238336136353438222c227072696e636970616c223a2230316132326366312d353764632d373764652d396638652d663063323536306565653764227d2c226174223a22323032362d31312d33305431343a35323a32362e3735323337365a222c22636865636b65645f6279223a227265676f7275732f302e31332e30222c226f626a656374223a7b226964223a2233623264393765653830643465643533313261626336633063333663613735336162323935326630356565353962326664316235333263613132326339613264222c226b696e64223a226d6f64756c65227d2c226f7267616e69736174696f6e223a2230316132326366312d353763382d373139342d386362302d393830326238336136353438222c2272657175657374223a7b2262617365223a2239303064633836383137303065373661626132303361316239653031623865353538396463633037633464326136303639613665346135646662616337303338222c227369676e6174757265223a22355a4c30527a326a7049524c394973656e763930614e62362f736e454e6c5157566b4a584f52665a6a35634c4f753655786a773236306556375475626f566869644e74652b33526b55394644416c46673547703942513d3d227d2c227465737473223a312c2274797065223a226d6f64756c652e6163636570746564227d2c2270726576223a2261633564376236613137383033613064663766336537616664376435306434306265363866353531666237653964326333356234386361626665363530333363222c22736571223a33362c2276223a317d');
INSERT INTO public.ledger_entry VALUES (37, '\x37ac345f2525bf5428de1cdd543c168f17cb1af65a8ed3c86dc3e3c453d4bda3', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a224c2d3045726a4c50344a7174456e633175774367356a3971477a624353626472666650763948734b61686b222c226f7267616e69736174696f6e223a2230316132326366312d353763382d373139342d386362302d393830326238336136353438222c227072696e636970616c223a2230316132326366312d353764632d373764652d396638652d663063323536306565653764227d2c226174223a22323032362d31312d33305431343a35323a32362e3831333837325a222c22646f63756d656e74223a2233303261323636363564623033373238666236343932356139393935386536653234366330333035313731663733656563326636613863613536626635346466222c226f626a656374223a7b226964223a2230316132326366312d363333642d376661662d383735372d643664383838346364383161222c226b696e64223a2264617461736574227d2c2272657175657374223a7b2262617365223a2264323933616635356161316333353735626363626631323131366434313733363437326235303064373134313036373333363533303038643837313530353335222c227369676e6174757265223a225a42446f5a5163493050345778364e7155632b6b6535784e7068305252595467617272733779455370463131494831466f483348526b44656c64346948467768575141366d746b4463724f6546454c4d5978775642413d3d227d2c2274797065223a22646174617365742e64726166746564227d2c2270726576223a2238393531383032323834316665343939616233366631383764313461643061663737353933326161363037313539303335656566663061356439323330386664222c22736571223a33372c2276223a317d');
INSERT INTO public.ledger_entry VALUES (38, '\x9e95f36903caba624d2b24db98a20f24534aece4000c6b9a05cf550b2ac61b8e', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a224c2d3045726a4c50344a7174456e633175774367356a3971477a624353626472666650763948734b61686b222c226f7267616e69736174696f6e223a2230316132326366312d353763382d373139342d386362302d393830326238336136353438222c227072696e636970616c223a2230316132326366312d353764632d373764652d396638652d663063323536306565653764227d2c226173736573736d656e7473223a7b22696d70616374223a2236343362353164666136636533383763336663363662396162396536623032633639386331316633323032313735326436623364376235626465396662303863227d2c226174223a22323032362d31312d33305431343a35323a32362e3935373231335a222c22646f63756d656e74223a2233303261323636363564623033373238666236343932356139393935386536653234366330333035313731663733656563326636613863613536626635346466222c226c6576656c223a224733222c226f626a656374223a7b226964223a2230316132326366312d363333642d376661662d383735372d643664383838346364383161222c226b696e64223a2264617461736574222c2276657273696f6e223a317d2c2272657175657374223a7b2262617365223a2263666538363431343332613333353062666461623962313134333430396463306263386431333963663235346266323731613661343030393037366463653436222c227369676e6174757265223a227a5638396732516a665477716b4b674f48685a73314c76564d33563746357655766c52453874764e526f3161526f30466153316231366e77684439614349474736374e7839464f77534941754e4a64776952567143673d3d227d2c2273686172696e67223a22636f6e646974696f6e616c222c2274797065223a22646174617365742e7075626c6973686564227d2c2270726576223a2233376163333435663235323562663534323864653163646435343363313638663137636231616636356138656433633836646333653363343533643462646133222c22736571223a33382c2276223a317d');
INSERT INTO public.ledger_entry VALUES (39, '\x86c04ceb12c7a2a9752f368e829e81e0831efbdc0b01fbb721006b7e065d004e', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a224b3732487877613964516478504278756a33465a5f5331354657515f72623552564e55504f496644594f45222c226f7267616e69736174696f6e223a2230316132326366312d353930332d376533342d626533612d373962326234303866363162222c227072696e636970616c223a2230316132326366312d353931342d376238632d386632362d316633356633393136613036227d2c226174223a22323032362d31312d33305431343a35323a32372e3131303132325a222c226261736973223a2265376533316665336662643736653066633238353262313131643535643266653665313730353864303237356565623930653565313230323131336233646266222c2264617461736574223a2230316132326366312d363333642d376661662d383735372d643664383838346364383161222c22646f63756d656e74223a2264333532383335663238653032303961653230626435613434353063626337303439316233313832373838326439656334396463386638363439313436643636222c226c616e65223a226f7065726174696f6e222c226f626a656374223a7b226964223a2230316132326366312d363436352d373834622d613461302d633165343662326335326132222c226b696e64223a226170706c69636174696f6e227d2c22707572706f7365223a2274616c656e742d73657276696365222c2272657175657374223a7b2262617365223a2261353137386262646133633064346662373430656130366536613464366438313735333664376661663038323661633232653163653664626631643637663265222c227369676e6174757265223a22313863576d67645047624e4d5150564a322b4938577a31745855434d784d4966626c514d354b634b4a66786155777a382b3958505a784b45336b7334444f3867422f5a41744b3176536d65463942426541656d4543673d3d227d2c2274797065223a226170706c69636174696f6e2e7375626d6974746564227d2c2270726576223a2239653935663336393033636162613632346432623234646239386132306632343533346165636534303030633662396130356366353530623261633631623865222c22736571223a33392c2276223a317d');
INSERT INTO public.ledger_entry VALUES (40, '\xd5b9d1ecaad27c5d3602e27552c8f236d9f182d56c10dc2601a8f176f7b4001f', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a224c2d3045726a4c50344a7174456e633175774367356a3971477a624353626472666650763948734b61686b222c226f7267616e69736174696f6e223a2230316132326366312d353763382d373139342d386362302d393830326238336136353438222c227072696e636970616c223a2230316132326366312d353764632d373764652d396638652d663063323536306565653764227d2c226170706c69636174696f6e223a2230316132326366312d363436352d373834622d613461302d633165343662326335326132222c226173736573736d656e7473223a7b7d2c226174223a22323032362d31312d33305431343a35323a32372e3234373731335a222c22636f6e73756d6572223a2230316132326366312d353930332d376533342d626533612d373962326234303866363162222c2264617461736574223a2230316132326366312d363333642d376661662d383735372d643664383838346364383161222c22646f63756d656e74223a2236633630626535383761393536623061386163386633336133663034653966613563306138366531636439643930383536323366646364326331663761393061222c226c616e65223a226f7065726174696f6e222c226e6f745f6166746572223a22323132352d31322d33315431363a30303a30302e3030303030305a222c226f626a656374223a7b226964223a2230316132326366312d363465662d373563642d393134642d653236623762623664623666222c226b696e64223a2261677265656d656e74227d2c22707572706f7365223a2274616c656e742d73657276696365222c2272657175657374223a7b2262617365223a2261613437636461306132666136333761316239303265373966653334636530626634623837633138623038666136633665393632373839383066643161393133222c227369676e6174757265223a224b6e6862546b2b495174716f50795a744969444a534c3456557a483744643356666d794b596e4166307368302b7766466a544c476d68582b63676247463535334b7531577a747a4e364c3378732b3073734f552f44673d3d227d2c2274797065223a2261677265656d656e742e636f6e636c75646564227d2c2270726576223a2238366330346365623132633761326139373532663336386538323965383165303833316566626463306230316662623732313030366237653036356430303465222c22736571223a34302c2276223a317d');
INSERT INTO public.ledger_entry VALUES (41, '\x72c3f2eae75235e63703c4fb4635545a52c144bd54477413cbd1b289aa98f082', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a22507a4845774e536673466c386f6b79455755503667503777527a6d7567535f6b3949565a75645a6b585655222c226f7267616e69736174696f6e223a2230316132326366312d353930332d376533342d626533612d373962326234303866363162222c227072696e636970616c223a2230316132326366312d353962642d373437392d626335642d363830353166656163303639227d2c2261677265656d656e74223a2230316132326366312d363465662d373563642d393134642d653236623762623664623666222c226174223a22323032362d31312d33305431343a35323a32372e3331353630345a222c2264617461736574223a2230316132326366312d363333642d376661662d383735372d643664383838346364383161222c226465636973696f6e223a7b22656e67696e65223a22656d6265646465642d7265676f7275732f302e31332e30222c22696e707574223a2238303134313865623336633361663964623632326366323138613531643639393538333331633365383535663561393838646462333234636631333134376634222c226f626c69676174696f6e73223a2235373633376331633138353135393865356335623836353863343339376331386565633739393536396264333732366333333937303230366664643764396462222c226f7574636f6d65223a22616c6c6f77222c22706f6c696379223a2263393034653566386339306639363231663134323765323131386533346635393465343263653161303631646631313031326438613062363239643537333663222c22726561736f6e73223a5b5d7d2c226c616e65223a226f7065726174696f6e222c226f626a656374223a7b226964223a2230316132326366312d363333642d376661662d383735372d643664383838346364383161222c226b696e64223a2264617461736574222c2276657273696f6e223a317d2c22706c616e223a2232663536633432306535336161383936303638313837333932353464343632336637343162333533333830386634376536643635316135613766316637623863222c22707572706f7365223a2274616c656e742d73657276696365222c2272657175657374223a7b2262617365223a2230643939653263336661326132343335313933643131346565613066363837383866656535383836393236316333663763313561326565353432383236663265222c227369676e6174757265223a2238324c72525150706554673179656e78766e68375a795a6550776b6e43366d4e45334d59765838477056496151382f577933797064564c5677426a6251535837506131476964585269503556625543386d41453441673d3d227d2c22726573756c74223a7b226279746573223a3439382c22636f6c756d6e73223a342c22636f6e74656e74223a2261633564633336393933373961373739356535306136343736636161636561613037373264653066316430336666353635303032303761306162373232613935222c22726f7773223a337d2c2274797065223a2264656c69766572792e636f6d706c65746564227d2c2270726576223a2264356239643165636161643237633564333630326532373535326338663233366439663138326435366331306463323630316138663137366637623430303166222c22736571223a34312c2276223a317d');
INSERT INTO public.ledger_entry VALUES (42, '\x9a4e9421614ea7f63db23b8ae5879afa72d5a3ee8736dabc16b7214eb3a1b4a3', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a22507a4845774e536673466c386f6b79455755503667503777527a6d7567535f6b3949565a75645a6b585655222c226f7267616e69736174696f6e223a2230316132326366312d353930332d376533342d626533612d373962326234303866363162222c227072696e636970616c223a2230316132326366312d353962642d373437392d626335642d363830353166656163303639227d2c2261677265656d656e74223a2230316132326366312d363465662d373563642d393134642d653236623762623664623666222c226174223a22323032362d31312d33305431343a35323a32382e3332303133365a222c2264617461736574223a2230316132326366312d363333642d376661662d383735372d643664383838346364383161222c226465636973696f6e223a7b22656e67696e65223a22656d6265646465642d7265676f7275732f302e31332e30222c22696e707574223a2264616437336362303333656561663435353762353231393364363162343939646631623066626465373261393963336664633131323236616461303435353931222c226f626c69676174696f6e73223a2235373633376331633138353135393865356335623836353863343339376331386565633739393536396264333732366333333937303230366664643764396462222c226f7574636f6d65223a22616c6c6f77222c22706f6c696379223a2263393034653566386339306639363231663134323765323131386533346635393465343263653161303631646631313031326438613062363239643537333663222c22726561736f6e73223a5b5d7d2c226c616e65223a226f7065726174696f6e222c226f626a656374223a7b226964223a2230316132326366312d363333642d376661662d383735372d643664383838346364383161222c226b696e64223a2264617461736574222c2276657273696f6e223a317d2c22706c616e223a2230623365346239333965313537346235616232303434663263653037366530633764363031366163393264353235383632613733316135623238633533393132222c22707572706f7365223a2274616c656e742d73657276696365222c2272657175657374223a7b2262617365223a2264666435346661383065383538333936346633626430626536623038616166626663313736613836313963356335656464663462636264383038366666336162222c227369676e6174757265223a22634e36564b37745a52564b2f5843466b582b78455470326a712f72347451646e6b666e5a7464626e3431455a55426f30614b454c644a71366f304644484c6561446c69704b7277496d6d372b6f55327a4b72437442773d3d227d2c22726573756c74223a7b226279746573223a3236392c22636f6c756d6e73223a342c22636f6e74656e74223a2264663861656165373361393735396664333837383836326336616533343165626431623832393332346237636138376464346565376263623065653430623465222c22726f7773223a317d2c227365616c6564223a5b2263656161353464616238313361323164373636363861323434393563333864366563616364326238633337383661303262346237646635633139393339313038225d2c227375626a65637473223a5b2239623338633636663037386437616665313832393234366433396330393464633533363834376336613762366139346232383433383434306131306530326563225d2c2274797065223a2264656c69766572792e636f6d706c65746564227d2c2270726576223a2237326333663265616537353233356536333730336334666234363335353435613532633134346264353434373734313363626431623238396161393866303832222c22736571223a34322c2276223a317d');
INSERT INTO public.ledger_entry VALUES (43, '\xd48f50fdb065862e23f8a987171323e53e1829e2b6133fd9870b43908c605bb4', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a22507a4845774e536673466c386f6b79455755503667503777527a6d7567535f6b3949565a75645a6b585655222c226f7267616e69736174696f6e223a2230316132326366312d353930332d376533342d626533612d373962326234303866363162222c227072696e636970616c223a2230316132326366312d353962642d373437392d626335642d363830353166656163303639227d2c2261677265656d656e74223a2230316132326366312d363465662d373563642d393134642d653236623762623664623666222c226174223a22323032362d31312d33305431343a35323a32382e3537393333325a222c2264617461736574223a2230316132326366312d363333642d376661662d383735372d643664383838346364383161222c226465636973696f6e223a7b22656e67696e65223a22656d6265646465642d7265676f7275732f302e31332e30222c22696e707574223a2238303134313865623336633361663964623632326366323138613531643639393538333331633365383535663561393838646462333234636631333134376634222c226f626c69676174696f6e73223a2235373633376331633138353135393865356335623836353863343339376331386565633739393536396264333732366333333937303230366664643764396462222c226f7574636f6d65223a22616c6c6f77222c22706f6c696379223a2263393034653566386339306639363231663134323765323131386533346635393465343263653161303631646631313031326438613062363239643537333663222c22726561736f6e73223a5b5d7d2c226c616e65223a226f7065726174696f6e222c226f626a656374223a7b226964223a2230316132326366312d363333642d376661662d383735372d643664383838346364383161222c226b696e64223a2264617461736574222c2276657273696f6e223a317d2c22706c616e223a2238656231656235623864616235623839636161623063656236613939383663386663373164343736383830333937616633376334353739383663643063373431222c22707572706f7365223a2274616c656e742d73657276696365222c2272657175657374223a7b2262617365223a2265343239396564663261316635653838353465363035313531376562323730306166626333323733313435306233346437333838666561323063376437653936222c227369676e6174757265223a2263465664433274766a7a693354444576524b6c566b48486541714a336979312b624c5744693562456d5572745061374850782f31566d6c4c4365584758396a6f79446c2b6c4f66694964547248385669774f6b7244673d3d227d2c2274797065223a2264656c69766572792e73746172746564227d2c2270726576223a2239613465393432313631346561376636336462323362386165353837396166613732643561336565383733366461626331366237323134656233613162346133222c22736571223a34332c2276223a317d');
INSERT INTO public.ledger_entry VALUES (44, '\xef5f9061049e4cf864c112dea6eb0750610d4316bd1fa1643962107f55a8d875', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a22507a4845774e536673466c386f6b79455755503667503777527a6d7567535f6b3949565a75645a6b585655222c226f7267616e69736174696f6e223a2230316132326366312d353930332d376533342d626533612d373962326234303866363162222c227072696e636970616c223a2230316132326366312d353962642d373437392d626335642d363830353166656163303639227d2c2261677265656d656e74223a2230316132326366312d363465662d373563642d393134642d653236623762623664623666222c226174223a22323032362d31312d33305431343a35323a32382e3636323035335a222c2264617461736574223a2230316132326366312d363333642d376661662d383735372d643664383838346364383161222c226c616e65223a226f7065726174696f6e222c226f626a656374223a7b226964223a2230316132326366312d363333642d376661662d383735372d643664383838346364383161222c226b696e64223a2264617461736574222c2276657273696f6e223a317d2c22707572706f7365223a2274616c656e742d73657276696365222c2272657175657374223a7b2262617365223a2265343239396564663261316635653838353465363035313531376562323730306166626333323733313435306233346437333838666561323063376437653936222c227369676e6174757265223a2263465664433274766a7a693354444576524b6c566b48486541714a336979312b624c5744693562456d5572745061374850782f31566d6c4c4365584758396a6f79446c2b6c4f66694964547248385669774f6b7244673d3d227d2c22726573756c74223a7b226279746573223a3231372c22636f6c756d6e73223a342c22636f6e74656e74223a2239323631326535656430633761633662373564643662613463663630376361383934376130393936643361323533366437663338613065366630366135663735222c22726f7773223a377d2c2273746172746564223a34332c2274797065223a2264656c69766572792e636f6d706c65746564227d2c2270726576223a2264343866353066646230363538363265323366386139383731373133323365353365313832396532623631333366643938373062343339303863363035626234222c22736571223a34342c2276223a317d');
INSERT INTO public.ledger_entry VALUES (45, '\xa756a9fa73423e4d1ee4231529320ffd997e09b744ab94f1d368a1ed58a8e228', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a22507a4845774e536673466c386f6b79455755503667503777527a6d7567535f6b3949565a75645a6b585655222c226f7267616e69736174696f6e223a2230316132326366312d353930332d376533342d626533612d373962326234303866363162222c227072696e636970616c223a2230316132326366312d353962642d373437392d626335642d363830353166656163303639227d2c226174223a22323032362d31312d33305431343a35323a32382e3733303638365a222c2264617461736574223a2230316132326366312d363333642d376661662d383735372d643664383838346364383161222c226465636973696f6e223a7b22656e67696e65223a22656d6265646465642d7265676f7275732f302e31332e30222c22696e707574223a2233396464363463363762383561363062373865646539646465336533623130356334623738336535616638653238373837633063333433643437363533356633222c226f7574636f6d65223a2264656e79222c22706f6c696379223a2263393034653566386339306639363231663134323765323131386533346635393465343263653161303631646631313031326438613062363239643537333663222c22726561736f6e73223a5b7b22636f6465223a226669656c642d6e6f742d6772616e746564227d5d7d2c226c616e65223a226f7065726174696f6e222c226f626a656374223a7b226964223a2230316132326366312d363333642d376661662d383735372d643664383838346364383161222c226b696e64223a2264617461736574222c2276657273696f6e223a317d2c2270726f626c656d223a226669656c642d6e6f742d6772616e746564222c22707572706f7365223a2274616c656e742d73657276696365222c2272657175657374223a7b2262617365223a2236346263343164613339393964306237643737306638386664353161303566343131356638363934373762313161343236366530643039383535633334626466222c227369676e6174757265223a222f5a53625971566d733868486633764a7a32686257425a54436a71355866695641614462664e4c416d58447133346b6d76716a37324d726131354f5466516d7a687038565761304f6d4b44684635383858736f6c42413d3d227d2c2274797065223a2264656c69766572792e72656675736564227d2c2270726576223a2265663566393036313034396534636638363463313132646561366562303735303631306434333136626431666131363433393632313037663535613864383735222c22736571223a34352c2276223a317d');
INSERT INTO public.ledger_entry VALUES (46, '\xba9bef4bd0b9b7ad45a50d6d05bf1167efee4e51ffddc9c98719fa2fc7a8373b', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a224c2d3045726a4c50344a7174456e633175774367356a3971477a624353626472666650763948734b61686b222c226f7267616e69736174696f6e223a2230316132326366312d353763382d373139342d386362302d393830326238336136353438222c227072696e636970616c223a2230316132326366312d353764632d373764652d396638652d663063323536306565653764227d2c226174223a22323032362d31312d33305431343a35323a32382e3835303534365a222c22646f63756d656e74223a2231373761663262323237613934363065353130623630623961623764663963343831653963306661643538346665396537643563666663346332646364633138222c226f626a656374223a7b226964223a2230316132326366312d366233322d373435652d616133322d653562333537356330343563222c226b696e64223a2264617461736574227d2c2272657175657374223a7b2262617365223a2233386439373861363663393835613531633039343831383538343264353539653466373332313732323561396536653330323734386461633236343430333839222c227369676e6174757265223a2256526346326d612b785633396945485a574c4b6e634d4a6c2f2b3251557377712b3937306f32724432775a6e674b65746b58324530416f2f4a39573833534a736c5277796b4d644f53734733766d723070796f5441413d3d227d2c2274797065223a22646174617365742e64726166746564227d2c2270726576223a2261373536613966613733343233653464316565343233313532393332306666643939376530396237343461623934663164333638613165643538613865323238222c22736571223a34362c2276223a317d');
INSERT INTO public.ledger_entry VALUES (47, '\xc3e1e5ff57ab5692ff84b05ac9af3a417ef46f98d854a79c34dcdc7d8761b952', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a224c2d3045726a4c50344a7174456e633175774367356a3971477a624353626472666650763948734b61686b222c226f7267616e69736174696f6e223a2230316132326366312d353763382d373139342d386362302d393830326238336136353438222c227072696e636970616c223a2230316132326366312d353764632d373764652d396638652d663063323536306565653764227d2c226173736573736d656e7473223a7b22696d70616374223a2266373833326434373365376639663239663336663336663636343135646562396161376664663534376432666334376431613664343836396131316135353161227d2c226174223a22323032362d31312d33305431343a35323a32382e3935383735305a222c22646f63756d656e74223a2231373761663262323237613934363065353130623630623961623764663963343831653963306661643538346665396537643563666663346332646364633138222c226c6576656c223a224733222c226f626a656374223a7b226964223a2230316132326366312d366233322d373435652d616133322d653562333537356330343563222c226b696e64223a2264617461736574222c2276657273696f6e223a317d2c2272657175657374223a7b2262617365223a2230396665616637663039346136623564326538363137386165653133663366356632623939656535663836383166616239643130636465666363373035336537222c227369676e6174757265223a224467442b4550552b45707842377a38532b334a7444622b414d7659396857386b6a676e565031492b7750694c78633731506e2f532b52526650676932423349375243674a4445677a5a766f716333755a4b664b4943673d3d227d2c2273686172696e67223a22636f6e646974696f6e616c222c2274797065223a22646174617365742e7075626c6973686564227d2c2270726576223a2262613962656634626430623962376164343561353064366430356266313136376566656534653531666664646339633938373139666132666337613833373362222c22736571223a34372c2276223a317d');
INSERT INTO public.ledger_entry VALUES (48, '\xdb6150d320aa7842ecd4dfa9f739eb249a937ca4eed18c46458198cdcbf57988', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a22507a4845774e536673466c386f6b79455755503667503777527a6d7567535f6b3949565a75645a6b585655222c226f7267616e69736174696f6e223a2230316132326366312d353930332d376533342d626533612d373962326234303866363162222c227072696e636970616c223a2230316132326366312d353962642d373437392d626335642d363830353166656163303639227d2c2261677265656d656e74223a2230316132326366312d363465662d373563642d393134642d653236623762623664623666222c226174223a22323032362d31312d33305431343a35323a35322e3430313431335a222c2264617461736574223a2230316132326366312d363333642d376661662d383735372d643664383838346364383161222c226465636973696f6e223a7b22656e67696e65223a22656d6265646465642d7265676f7275732f302e31332e30222c22696e707574223a2238303134313865623336633361663964623632326366323138613531643639393538333331633365383535663561393838646462333234636631333134376634222c226f626c69676174696f6e73223a2235373633376331633138353135393865356335623836353863343339376331386565633739393536396264333732366333333937303230366664643764396462222c226f7574636f6d65223a22616c6c6f77222c22706f6c696379223a2263393034653566386339306639363231663134323765323131386533346635393465343263653161303631646631313031326438613062363239643537333663222c22726561736f6e73223a5b5d7d2c226c616e65223a226f7065726174696f6e222c226f626a656374223a7b226964223a2230316132326366312d363333642d376661662d383735372d643664383838346364383161222c226b696e64223a2264617461736574222c2276657273696f6e223a317d2c22706c616e223a2261323430326133313438666634363934383434353437393133373635343237356461313665376133343535386162303036343230383139643166646162383161222c22707572706f7365223a2274616c656e742d73657276696365222c2272657175657374223a7b2262617365223a2261613539343130303931323731396261336261306561373936373531353331646134386531333666316532333733356632323639313133396132316665306361222c227369676e6174757265223a22344f6c594d6a5436386e57574a5a2f4d54733830544f47796842554644654e6a52655469632f50374b6e73475059774579586665337676706973683367514f55417a3675412f723879384d554f4568682f472b5641413d3d227d2c2274797065223a2264656c69766572792e73746172746564227d2c2270726576223a2263336531653566663537616235363932666638346230356163396166336134313765663436663938643835346137396333346463646337643837363162393532222c22736571223a34382c2276223a317d');
INSERT INTO public.ledger_entry VALUES (49, '\x99948001879a36bc3f074f0faeab6e93a503c04ca96dd4ccd42da267e1c34732', '\x7b22626f6479223a7b226163746f72223a7b226b6579223a22507a4845774e536673466c386f6b79455755503667503777527a6d7567535f6b3949565a75645a6b585655222c226f7267616e69736174696f6e223a2230316132326366312d353930332d376533342d626533612d373962326234303866363162222c227072696e636970616c223a2230316132326366312d353962642d373437392d626335642d363830353166656163303639227d2c2261677265656d656e74223a2230316132326366312d363465662d373563642d393134642d653236623762623664623666222c226174223a22323032362d31312d33305431343a35323a35332e3232343132315a222c2264617461736574223a2230316132326366312d363333642d376661662d383735372d643664383838346364383161222c226c616e65223a226f7065726174696f6e222c226f626a656374223a7b226964223a2230316132326366312d363333642d376661662d383735372d643664383838346364383161222c226b696e64223a2264617461736574222c2276657273696f6e223a317d2c22707572706f7365223a2274616c656e742d73657276696365222c2272657175657374223a7b2262617365223a2261613539343130303931323731396261336261306561373936373531353331646134386531333666316532333733356632323639313133396132316665306361222c227369676e6174757265223a22344f6c594d6a5436386e57574a5a2f4d54733830544f47796842554644654e6a52655469632f50374b6e73475059774579586665337676706973683367514f55417a3675412f723879384d554f4568682f472b5641413d3d227d2c22726573756c74223a7b226279746573223a3231372c22636f6c756d6e73223a342c22636f6e74656e74223a2239323631326535656430633761633662373564643662613463663630376361383934376130393936643361323533366437663338613065366630366135663735222c22726f7773223a377d2c2273746172746564223a34382c2274797065223a2264656c69766572792e636f6d706c65746564227d2c2270726576223a2264623631353064333230616137383432656364346466613966373339656232343961393337636134656564313863343634353831393863646362663537393838222c22736571223a34392c2276223a317d');


--
-- Data for Name: ledger_head; Type: TABLE DATA; Schema: public; Owner: postgres
--

INSERT INTO public.ledger_head VALUES (1, 50, '\x99948001879a36bc3f074f0faeab6e93a503c04ca96dd4ccd42da267e1c34732', 11, 1, NULL);


--
-- Data for Name: ledger_index; Type: TABLE DATA; Schema: public; Owner: postgres
--

INSERT INTO public.ledger_index VALUES (0, '2026-11-30T14:52:22.822226Z', 'exchange.initialised', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (1, '2026-11-30T14:52:22.847421Z', 'organisation.registered', NULL, NULL, NULL, 'organisation', '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', NULL, NULL, '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (2, '2026-11-30T14:52:22.881852Z', 'member.enrolled', NULL, NULL, NULL, 'member', '01a22cf1-53bf-7c39-b0ba-11042c13df5d', NULL, NULL, '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (3, '2026-11-30T14:52:22.915604Z', 'key.registered', NULL, NULL, NULL, 'key', 'rYOjl4ERj-s40vAY-cvqys0H-pEjUUIgCQt0pf5Dks8', NULL, NULL, '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (4, '2026-11-30T14:52:23.515337Z', 'organisation.admitted', NULL, NULL, NULL, 'organisation', '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', NULL, NULL, '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (5, '2026-11-30T14:52:23.558679Z', 'role.assigned', NULL, NULL, NULL, 'principal', '01a22cf1-53bf-7c39-b0ba-11042c13df5d', NULL, NULL, '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (6, '2026-11-30T14:52:23.573304Z', 'member.enrolled', NULL, NULL, NULL, 'member', '01a22cf1-5687-78f0-9ddf-424de58eecc6', NULL, NULL, '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (7, '2026-11-30T14:52:23.581653Z', 'key.registered', NULL, NULL, NULL, 'key', 'RDOE8-09kO6X_nwWsiaCRbkRwkvxu6h0aCJF1s55Ru4', NULL, NULL, '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (8, '2026-11-30T14:52:23.581797Z', 'role.assigned', NULL, NULL, NULL, 'principal', '01a22cf1-5687-78f0-9ddf-424de58eecc6', NULL, NULL, '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (9, '2026-11-30T14:52:23.590512Z', 'member.enrolled', NULL, NULL, NULL, 'member', '01a22cf1-569e-7b54-b84c-f1f2f958c5a9', NULL, NULL, '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (10, '2026-11-30T14:52:23.593849Z', 'key.registered', NULL, NULL, NULL, 'key', 'HmVNLv_Kv6iwfGzd_GdecB8NE3UZjwXDDtsNcsIu0UM', NULL, NULL, '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (11, '2026-11-30T14:52:23.593994Z', 'role.assigned', NULL, NULL, NULL, 'principal', '01a22cf1-569e-7b54-b84c-f1f2f958c5a9', NULL, NULL, '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (12, '2026-11-30T14:52:23.900220Z', 'organisation.registered', '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', '01a22cf1-53bf-7c39-b0ba-11042c13df5d', 'rYOjl4ERj-s40vAY-cvqys0H-pEjUUIgCQt0pf5Dks8', 'organisation', '01a22cf1-57c8-7194-8cb0-9802b83a6548', NULL, NULL, '01a22cf1-57c8-7194-8cb0-9802b83a6548', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (13, '2026-11-30T14:52:23.903361Z', 'member.enrolled', '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', '01a22cf1-53bf-7c39-b0ba-11042c13df5d', 'rYOjl4ERj-s40vAY-cvqys0H-pEjUUIgCQt0pf5Dks8', 'member', '01a22cf1-57dc-77de-9f8e-f0c2560eee7d', NULL, NULL, '01a22cf1-57c8-7194-8cb0-9802b83a6548', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (14, '2026-11-30T14:52:23.912385Z', 'key.registered', '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', '01a22cf1-53bf-7c39-b0ba-11042c13df5d', 'rYOjl4ERj-s40vAY-cvqys0H-pEjUUIgCQt0pf5Dks8', 'key', 'L-0ErjLP4JqtEnc1uwCg5j9qGzbCSbdrffPv9HsKahk', NULL, NULL, '01a22cf1-57c8-7194-8cb0-9802b83a6548', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (15, '2026-11-30T14:52:23.912524Z', 'role.assigned', '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', '01a22cf1-53bf-7c39-b0ba-11042c13df5d', 'rYOjl4ERj-s40vAY-cvqys0H-pEjUUIgCQt0pf5Dks8', 'principal', '01a22cf1-57dc-77de-9f8e-f0c2560eee7d', NULL, NULL, '01a22cf1-57c8-7194-8cb0-9802b83a6548', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (16, '2026-11-30T14:52:23.912570Z', 'role.assigned', '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', '01a22cf1-53bf-7c39-b0ba-11042c13df5d', 'rYOjl4ERj-s40vAY-cvqys0H-pEjUUIgCQt0pf5Dks8', 'principal', '01a22cf1-57dc-77de-9f8e-f0c2560eee7d', NULL, NULL, '01a22cf1-57c8-7194-8cb0-9802b83a6548', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (17, '2026-11-30T14:52:23.912607Z', 'role.assigned', '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', '01a22cf1-53bf-7c39-b0ba-11042c13df5d', 'rYOjl4ERj-s40vAY-cvqys0H-pEjUUIgCQt0pf5Dks8', 'principal', '01a22cf1-57dc-77de-9f8e-f0c2560eee7d', NULL, NULL, '01a22cf1-57c8-7194-8cb0-9802b83a6548', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (18, '2026-11-30T14:52:23.912633Z', 'role.assigned', '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', '01a22cf1-53bf-7c39-b0ba-11042c13df5d', 'rYOjl4ERj-s40vAY-cvqys0H-pEjUUIgCQt0pf5Dks8', 'principal', '01a22cf1-57dc-77de-9f8e-f0c2560eee7d', NULL, NULL, '01a22cf1-57c8-7194-8cb0-9802b83a6548', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (19, '2026-11-30T14:52:24.015830Z', 'organisation.admitted', '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', '01a22cf1-53bf-7c39-b0ba-11042c13df5d', 'rYOjl4ERj-s40vAY-cvqys0H-pEjUUIgCQt0pf5Dks8', 'organisation', '01a22cf1-57c8-7194-8cb0-9802b83a6548', NULL, NULL, '01a22cf1-57c8-7194-8cb0-9802b83a6548', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (20, '2026-11-30T14:52:24.149605Z', 'system.enrolled', '01a22cf1-57c8-7194-8cb0-9802b83a6548', '01a22cf1-57dc-77de-9f8e-f0c2560eee7d', 'L-0ErjLP4JqtEnc1uwCg5j9qGzbCSbdrffPv9HsKahk', 'system', '01a22cf1-58c3-78eb-9b2a-79433358a3a2', NULL, NULL, '01a22cf1-57c8-7194-8cb0-9802b83a6548', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (21, '2026-11-30T14:52:24.157596Z', 'key.registered', '01a22cf1-57c8-7194-8cb0-9802b83a6548', '01a22cf1-57dc-77de-9f8e-f0c2560eee7d', 'L-0ErjLP4JqtEnc1uwCg5j9qGzbCSbdrffPv9HsKahk', 'key', '3FKKT3IY-qbfSAqW59Tz4FvAia57rIp0FwledZ4lq7s', NULL, NULL, '01a22cf1-57c8-7194-8cb0-9802b83a6548', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (22, '2026-11-30T14:52:24.157738Z', 'role.assigned', '01a22cf1-57c8-7194-8cb0-9802b83a6548', '01a22cf1-57dc-77de-9f8e-f0c2560eee7d', 'L-0ErjLP4JqtEnc1uwCg5j9qGzbCSbdrffPv9HsKahk', 'principal', '01a22cf1-58c3-78eb-9b2a-79433358a3a2', NULL, NULL, '01a22cf1-57c8-7194-8cb0-9802b83a6548', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (23, '2026-11-30T14:52:24.212345Z', 'organisation.registered', '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', '01a22cf1-53bf-7c39-b0ba-11042c13df5d', 'rYOjl4ERj-s40vAY-cvqys0H-pEjUUIgCQt0pf5Dks8', 'organisation', '01a22cf1-5903-7e34-be3a-79b2b408f61b', NULL, NULL, '01a22cf1-5903-7e34-be3a-79b2b408f61b', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (24, '2026-11-30T14:52:24.215170Z', 'member.enrolled', '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', '01a22cf1-53bf-7c39-b0ba-11042c13df5d', 'rYOjl4ERj-s40vAY-cvqys0H-pEjUUIgCQt0pf5Dks8', 'member', '01a22cf1-5914-7b8c-8f26-1f35f3916a06', NULL, NULL, '01a22cf1-5903-7e34-be3a-79b2b408f61b', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (25, '2026-11-30T14:52:24.221537Z', 'key.registered', '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', '01a22cf1-53bf-7c39-b0ba-11042c13df5d', 'rYOjl4ERj-s40vAY-cvqys0H-pEjUUIgCQt0pf5Dks8', 'key', 'K72Hxwa9dQdxPBxuj3FZ_S15FWQ_rb5RVNUPOIfDYOE', NULL, NULL, '01a22cf1-5903-7e34-be3a-79b2b408f61b', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (26, '2026-11-30T14:52:24.221649Z', 'role.assigned', '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', '01a22cf1-53bf-7c39-b0ba-11042c13df5d', 'rYOjl4ERj-s40vAY-cvqys0H-pEjUUIgCQt0pf5Dks8', 'principal', '01a22cf1-5914-7b8c-8f26-1f35f3916a06', NULL, NULL, '01a22cf1-5903-7e34-be3a-79b2b408f61b', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (27, '2026-11-30T14:52:24.221692Z', 'role.assigned', '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', '01a22cf1-53bf-7c39-b0ba-11042c13df5d', 'rYOjl4ERj-s40vAY-cvqys0H-pEjUUIgCQt0pf5Dks8', 'principal', '01a22cf1-5914-7b8c-8f26-1f35f3916a06', NULL, NULL, '01a22cf1-5903-7e34-be3a-79b2b408f61b', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (28, '2026-11-30T14:52:24.221726Z', 'role.assigned', '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', '01a22cf1-53bf-7c39-b0ba-11042c13df5d', 'rYOjl4ERj-s40vAY-cvqys0H-pEjUUIgCQt0pf5Dks8', 'principal', '01a22cf1-5914-7b8c-8f26-1f35f3916a06', NULL, NULL, '01a22cf1-5903-7e34-be3a-79b2b408f61b', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (29, '2026-11-30T14:52:24.221752Z', 'role.assigned', '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', '01a22cf1-53bf-7c39-b0ba-11042c13df5d', 'rYOjl4ERj-s40vAY-cvqys0H-pEjUUIgCQt0pf5Dks8', 'principal', '01a22cf1-5914-7b8c-8f26-1f35f3916a06', NULL, NULL, '01a22cf1-5903-7e34-be3a-79b2b408f61b', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (30, '2026-11-30T14:52:24.301778Z', 'organisation.admitted', '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', '01a22cf1-53bf-7c39-b0ba-11042c13df5d', 'rYOjl4ERj-s40vAY-cvqys0H-pEjUUIgCQt0pf5Dks8', 'organisation', '01a22cf1-5903-7e34-be3a-79b2b408f61b', NULL, NULL, '01a22cf1-5903-7e34-be3a-79b2b408f61b', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (31, '2026-11-30T14:52:24.385297Z', 'system.enrolled', '01a22cf1-5903-7e34-be3a-79b2b408f61b', '01a22cf1-5914-7b8c-8f26-1f35f3916a06', 'K72Hxwa9dQdxPBxuj3FZ_S15FWQ_rb5RVNUPOIfDYOE', 'system', '01a22cf1-59bd-7479-bc5d-68051feac069', NULL, NULL, '01a22cf1-5903-7e34-be3a-79b2b408f61b', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (32, '2026-11-30T14:52:24.401691Z', 'key.registered', '01a22cf1-5903-7e34-be3a-79b2b408f61b', '01a22cf1-5914-7b8c-8f26-1f35f3916a06', 'K72Hxwa9dQdxPBxuj3FZ_S15FWQ_rb5RVNUPOIfDYOE', 'key', 'PzHEwNSfsFl8okyEWUP6gP7wRzmugS_k9IVZudZkXVU', NULL, NULL, '01a22cf1-5903-7e34-be3a-79b2b408f61b', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (33, '2026-11-30T14:52:24.401824Z', 'role.assigned', '01a22cf1-5903-7e34-be3a-79b2b408f61b', '01a22cf1-5914-7b8c-8f26-1f35f3916a06', 'K72Hxwa9dQdxPBxuj3FZ_S15FWQ_rb5RVNUPOIfDYOE', 'principal', '01a22cf1-59bd-7479-bc5d-68051feac069', NULL, NULL, '01a22cf1-5903-7e34-be3a-79b2b408f61b', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (34, '2026-11-30T14:52:24.554936Z', 'source.registered', '01a22cf1-57c8-7194-8cb0-9802b83a6548', '01a22cf1-57dc-77de-9f8e-f0c2560eee7d', 'L-0ErjLP4JqtEnc1uwCg5j9qGzbCSbdrffPv9HsKahk', 'source', '01a22cf1-5a6a-7894-b445-0e87bb21a0d3', NULL, NULL, '01a22cf1-57c8-7194-8cb0-9802b83a6548', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (35, '2026-11-30T14:52:26.168710Z', 'source.imported', '01a22cf1-57c8-7194-8cb0-9802b83a6548', '01a22cf1-57dc-77de-9f8e-f0c2560eee7d', 'L-0ErjLP4JqtEnc1uwCg5j9qGzbCSbdrffPv9HsKahk', 'source', '01a22cf1-5a6a-7894-b445-0e87bb21a0d3', NULL, NULL, '01a22cf1-57c8-7194-8cb0-9802b83a6548', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (36, '2026-11-30T14:52:26.752376Z', 'module.accepted', '01a22cf1-57c8-7194-8cb0-9802b83a6548', '01a22cf1-57dc-77de-9f8e-f0c2560eee7d', 'L-0ErjLP4JqtEnc1uwCg5j9qGzbCSbdrffPv9HsKahk', 'module', '3b2d97ee80d4ed5312abc6c0c36ca753ab2952f05ee59b2fd1b532ca122c9a2d', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (37, '2026-11-30T14:52:26.813872Z', 'dataset.drafted', '01a22cf1-57c8-7194-8cb0-9802b83a6548', '01a22cf1-57dc-77de-9f8e-f0c2560eee7d', 'L-0ErjLP4JqtEnc1uwCg5j9qGzbCSbdrffPv9HsKahk', 'dataset', '01a22cf1-633d-7faf-8757-d6d8884cd81a', '01a22cf1-633d-7faf-8757-d6d8884cd81a', NULL, '01a22cf1-57c8-7194-8cb0-9802b83a6548', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (38, '2026-11-30T14:52:26.957213Z', 'dataset.published', '01a22cf1-57c8-7194-8cb0-9802b83a6548', '01a22cf1-57dc-77de-9f8e-f0c2560eee7d', 'L-0ErjLP4JqtEnc1uwCg5j9qGzbCSbdrffPv9HsKahk', 'dataset', '01a22cf1-633d-7faf-8757-d6d8884cd81a', '01a22cf1-633d-7faf-8757-d6d8884cd81a', NULL, '01a22cf1-57c8-7194-8cb0-9802b83a6548', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (39, '2026-11-30T14:52:27.110122Z', 'application.submitted', '01a22cf1-5903-7e34-be3a-79b2b408f61b', '01a22cf1-5914-7b8c-8f26-1f35f3916a06', 'K72Hxwa9dQdxPBxuj3FZ_S15FWQ_rb5RVNUPOIfDYOE', 'application', '01a22cf1-6465-784b-a4a0-c1e46b2c52a2', '01a22cf1-633d-7faf-8757-d6d8884cd81a', NULL, '01a22cf1-57c8-7194-8cb0-9802b83a6548', '01a22cf1-5903-7e34-be3a-79b2b408f61b', 'operation', 'talent-service', NULL, NULL);
INSERT INTO public.ledger_index VALUES (40, '2026-11-30T14:52:27.247713Z', 'agreement.concluded', '01a22cf1-57c8-7194-8cb0-9802b83a6548', '01a22cf1-57dc-77de-9f8e-f0c2560eee7d', 'L-0ErjLP4JqtEnc1uwCg5j9qGzbCSbdrffPv9HsKahk', 'agreement', '01a22cf1-64ef-75cd-914d-e26b7bb6db6f', '01a22cf1-633d-7faf-8757-d6d8884cd81a', '01a22cf1-64ef-75cd-914d-e26b7bb6db6f', '01a22cf1-57c8-7194-8cb0-9802b83a6548', '01a22cf1-5903-7e34-be3a-79b2b408f61b', 'operation', 'talent-service', NULL, NULL);
INSERT INTO public.ledger_index VALUES (41, '2026-11-30T14:52:27.315604Z', 'delivery.completed', '01a22cf1-5903-7e34-be3a-79b2b408f61b', '01a22cf1-59bd-7479-bc5d-68051feac069', 'PzHEwNSfsFl8okyEWUP6gP7wRzmugS_k9IVZudZkXVU', 'dataset', '01a22cf1-633d-7faf-8757-d6d8884cd81a', '01a22cf1-633d-7faf-8757-d6d8884cd81a', '01a22cf1-64ef-75cd-914d-e26b7bb6db6f', '01a22cf1-57c8-7194-8cb0-9802b83a6548', '01a22cf1-5903-7e34-be3a-79b2b408f61b', 'operation', 'talent-service', NULL, NULL);
INSERT INTO public.ledger_index VALUES (42, '2026-11-30T14:52:28.320136Z', 'delivery.completed', '01a22cf1-5903-7e34-be3a-79b2b408f61b', '01a22cf1-59bd-7479-bc5d-68051feac069', 'PzHEwNSfsFl8okyEWUP6gP7wRzmugS_k9IVZudZkXVU', 'dataset', '01a22cf1-633d-7faf-8757-d6d8884cd81a', '01a22cf1-633d-7faf-8757-d6d8884cd81a', '01a22cf1-64ef-75cd-914d-e26b7bb6db6f', '01a22cf1-57c8-7194-8cb0-9802b83a6548', '01a22cf1-5903-7e34-be3a-79b2b408f61b', 'operation', 'talent-service', NULL, '{9b38c66f078d7afe1829246d39c094dc536847c6a7b6a94b28438440a10e02ec}');
INSERT INTO public.ledger_index VALUES (43, '2026-11-30T14:52:28.579332Z', 'delivery.started', '01a22cf1-5903-7e34-be3a-79b2b408f61b', '01a22cf1-59bd-7479-bc5d-68051feac069', 'PzHEwNSfsFl8okyEWUP6gP7wRzmugS_k9IVZudZkXVU', 'dataset', '01a22cf1-633d-7faf-8757-d6d8884cd81a', '01a22cf1-633d-7faf-8757-d6d8884cd81a', '01a22cf1-64ef-75cd-914d-e26b7bb6db6f', '01a22cf1-57c8-7194-8cb0-9802b83a6548', '01a22cf1-5903-7e34-be3a-79b2b408f61b', 'operation', 'talent-service', NULL, NULL);
INSERT INTO public.ledger_index VALUES (44, '2026-11-30T14:52:28.662053Z', 'delivery.completed', '01a22cf1-5903-7e34-be3a-79b2b408f61b', '01a22cf1-59bd-7479-bc5d-68051feac069', 'PzHEwNSfsFl8okyEWUP6gP7wRzmugS_k9IVZudZkXVU', 'dataset', '01a22cf1-633d-7faf-8757-d6d8884cd81a', '01a22cf1-633d-7faf-8757-d6d8884cd81a', '01a22cf1-64ef-75cd-914d-e26b7bb6db6f', '01a22cf1-57c8-7194-8cb0-9802b83a6548', '01a22cf1-5903-7e34-be3a-79b2b408f61b', 'operation', 'talent-service', NULL, NULL);
INSERT INTO public.ledger_index VALUES (45, '2026-11-30T14:52:28.730686Z', 'delivery.refused', '01a22cf1-5903-7e34-be3a-79b2b408f61b', '01a22cf1-59bd-7479-bc5d-68051feac069', 'PzHEwNSfsFl8okyEWUP6gP7wRzmugS_k9IVZudZkXVU', 'dataset', '01a22cf1-633d-7faf-8757-d6d8884cd81a', '01a22cf1-633d-7faf-8757-d6d8884cd81a', NULL, '01a22cf1-57c8-7194-8cb0-9802b83a6548', '01a22cf1-5903-7e34-be3a-79b2b408f61b', 'operation', 'talent-service', 'field-not-granted', NULL);
INSERT INTO public.ledger_index VALUES (46, '2026-11-30T14:52:28.850546Z', 'dataset.drafted', '01a22cf1-57c8-7194-8cb0-9802b83a6548', '01a22cf1-57dc-77de-9f8e-f0c2560eee7d', 'L-0ErjLP4JqtEnc1uwCg5j9qGzbCSbdrffPv9HsKahk', 'dataset', '01a22cf1-6b32-745e-aa32-e5b3575c045c', '01a22cf1-6b32-745e-aa32-e5b3575c045c', NULL, '01a22cf1-57c8-7194-8cb0-9802b83a6548', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (47, '2026-11-30T14:52:28.958750Z', 'dataset.published', '01a22cf1-57c8-7194-8cb0-9802b83a6548', '01a22cf1-57dc-77de-9f8e-f0c2560eee7d', 'L-0ErjLP4JqtEnc1uwCg5j9qGzbCSbdrffPv9HsKahk', 'dataset', '01a22cf1-6b32-745e-aa32-e5b3575c045c', '01a22cf1-6b32-745e-aa32-e5b3575c045c', NULL, '01a22cf1-57c8-7194-8cb0-9802b83a6548', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.ledger_index VALUES (48, '2026-11-30T14:52:52.401413Z', 'delivery.started', '01a22cf1-5903-7e34-be3a-79b2b408f61b', '01a22cf1-59bd-7479-bc5d-68051feac069', 'PzHEwNSfsFl8okyEWUP6gP7wRzmugS_k9IVZudZkXVU', 'dataset', '01a22cf1-633d-7faf-8757-d6d8884cd81a', '01a22cf1-633d-7faf-8757-d6d8884cd81a', '01a22cf1-64ef-75cd-914d-e26b7bb6db6f', '01a22cf1-57c8-7194-8cb0-9802b83a6548', '01a22cf1-5903-7e34-be3a-79b2b408f61b', 'operation', 'talent-service', NULL, NULL);
INSERT INTO public.ledger_index VALUES (49, '2026-11-30T14:52:53.224121Z', 'delivery.completed', '01a22cf1-5903-7e34-be3a-79b2b408f61b', '01a22cf1-59bd-7479-bc5d-68051feac069', 'PzHEwNSfsFl8okyEWUP6gP7wRzmugS_k9IVZudZkXVU', 'dataset', '01a22cf1-633d-7faf-8757-d6d8884cd81a', '01a22cf1-633d-7faf-8757-d6d8884cd81a', '01a22cf1-64ef-75cd-914d-e26b7bb6db6f', '01a22cf1-57c8-7194-8cb0-9802b83a6548', '01a22cf1-5903-7e34-be3a-79b2b408f61b', 'operation', 'talent-service', NULL, NULL);


--
-- Data for Name: ledger_once; Type: TABLE DATA; Schema: public; Owner: postgres
--

INSERT INTO public.ledger_once VALUES ('\xd4684f7bca3f72c45ca065e722978f85224194cf17b683beb0dc8118593574cd', '2026-11-30 14:53:23+00');
INSERT INTO public.ledger_once VALUES ('\x5dd386c91e269949faae7cbe795ae46f5c69c0fca03b10a98b4664b3515f5d88', '2026-11-30 14:53:23+00');
INSERT INTO public.ledger_once VALUES ('\xbadcaab7e56a1eb239f36ad5f9be785caedcc796f1064d4804ae83f8cb68996b', '2026-11-30 14:53:24+00');
INSERT INTO public.ledger_once VALUES ('\x6a480331ff133981403622c56aefcc38a9bfdbb411fec5b65092544a64c32720', '2026-11-30 14:53:24+00');
INSERT INTO public.ledger_once VALUES ('\xc45644871672db4070789ec57ec3b48e3d2517b71f27daa464c47b455f62a442', '2026-11-30 14:53:24+00');
INSERT INTO public.ledger_once VALUES ('\x881c412dd0de37bbd2e88a571126e00b6e2b4b55ac9a671ac44a5e84bcacba66', '2026-11-30 14:53:24+00');
INSERT INTO public.ledger_once VALUES ('\xd286a5d5c4407f6c5c8e876a38f08e150a3a4a09b6524195a8d3746bdf37cd18', '2026-11-30 14:53:24+00');
INSERT INTO public.ledger_once VALUES ('\x909637c8978dc0d0285384193763da3c79f30906cec2051bcb7bfeb183c3a9f2', '2026-11-30 14:53:24+00');
INSERT INTO public.ledger_once VALUES ('\x308ddaaecfe14b0df4fccdf91f7c6029424dc8fc6df5216b9ba61b8f2ad6fd9e', '2026-11-30 14:53:26+00');
INSERT INTO public.ledger_once VALUES ('\x8f137dbb17738757b0a0d6eee9d6c832cf087e456604410a8d2b0672f450ae50', '2026-11-30 14:53:26+00');
INSERT INTO public.ledger_once VALUES ('\xd2bc8598acd97b9576464c2f810344c06e8b4dbc5b7231d37161d3c76ac6f27e', '2026-11-30 14:53:26+00');
INSERT INTO public.ledger_once VALUES ('\x05d183d900016903f6bf7a327da4f83fb65e99aa9591c2d18ea1910ad8374d6f', '2026-11-30 14:53:27+00');
INSERT INTO public.ledger_once VALUES ('\xaf6f21b3780d57242b4f4e28798e72fa3ce32c5d968f094ed79cb5d5a1f36ff3', '2026-11-30 14:53:27+00');
INSERT INTO public.ledger_once VALUES ('\x96477a7ce9a0b6fd2545614a6011cbd5e84256be5577927e3eb211bfcbf0b828', '2026-11-30 14:53:27+00');
INSERT INTO public.ledger_once VALUES ('\xccd7908f520686043a6dc85b873bf32a5e87a24c4963321f71de157435517294', '2026-11-30 14:53:28+00');
INSERT INTO public.ledger_once VALUES ('\x283d06298960bdaf7eb78f5cacd4bfb56ff5dee8c28dcd01b818ef1db9a892e5', '2026-11-30 14:53:28+00');
INSERT INTO public.ledger_once VALUES ('\xdfea9137844a80e0f430aec9660971637fc1c813128a5a661677e76199c409f7', '2026-11-30 14:53:28+00');
INSERT INTO public.ledger_once VALUES ('\x72797c9fc2aaff483f96f2a5df1168bd73217910dc02d9f6ced210090ae5b5b3', '2026-11-30 14:53:28+00');
INSERT INTO public.ledger_once VALUES ('\x094a88bf2080f96fa90f93cacd179e442f7294af33e1006974da1eadddcfe1fa', '2026-11-30 14:53:28+00');
INSERT INTO public.ledger_once VALUES ('\xae18622820452690c86aba2ccb9073375a3c3e087a754e173c68dc7fe001eb35', '2026-11-30 14:53:28+00');
INSERT INTO public.ledger_once VALUES ('\xd558d67c39e37cd49fd1d15157c47099591027c5fe53189164a376a71ba956d7', '2026-11-30 14:53:29+00');
INSERT INTO public.ledger_once VALUES ('\x35cdec407b07851b88c03d6b4d03749ac05136f3bd90e135c1aae68108137259', '2026-11-30 14:53:52+00');
INSERT INTO public.ledger_once VALUES ('\x07d4ee8fc251c0d6071ad83bb395102ad509d8135fd66b2b2ddc696b44c67380', '2026-11-30 14:53:53+00');


--
-- Data for Name: ledger_rotation; Type: TABLE DATA; Schema: public; Owner: postgres
--



--
-- Data for Name: ledger_sealed; Type: TABLE DATA; Schema: public; Owner: postgres
--

INSERT INTO public.ledger_sealed VALUES (42, '\x9b38c66f078d7afe1829246d39c094dc536847c6a7b6a94b28438440a10e02ec', '\xd9d6e903ad089e9d1db0b565', '\xb15e97b7839866215e6b643591536c9c9336e66e40b29388937f2f6cc3339e79bc5dd7a3e7aaed868bcc13a0fe99a56f05aa0bfebd88d3c99f8a6d894ee7b708dde00228d810fe6cde79a8fdce026ee2481517bca5ffa59711e1eac4945c6d75ce62a112e8829fd4ab770fa27a73e1e5a30960b4ba033ae3504913e21d1b8c9192c64a07d47afbf055bebd6793f81e3edf');


--
-- Data for Name: ledger_tile; Type: TABLE DATA; Schema: public; Owner: postgres
--

INSERT INTO public.ledger_tile VALUES (0, 0, '\x0c5210952ddc943be2e2dccd71a02a7994c4e5f86fd0c04e9a48995857f549f457256c3a4969bfa5404fa2aef8c227991536604b3691b62a3a27daffecc365b0dedfb5814401b15641861cdc79665e77bd4af4e56aa601b867e4d7c55da39660c923485afbac0267ad79666477c5b960e31e5fe6d15c1a0b30ef144525125b3559e4d19e76749e1f5eda97c23d050b732abc70c0f53b074c1d3c16f161f5dda77fb5e57743ccad9bed25636b72d66347fc50d71c846f27b4c27344ed3c4402e602a0bb770094eea2c678d419647c241e4f24e96f54bc365248ca430024788767490d4eb29982e9c69ae45702d7798d851c51490295bd256c28632108c3d3cd0e83656ddc7757e8f28bc495722057cd8177c1f4939827ccac45991fec314da7cf77df3fb3c50343d997347e996368569d9d41ff10eaeb3eae12cd2062c5fb2e9d9d2ada09fd2cd4ba6e8c15e092f7dc845b97496f102954facead0f457422aaf6746f87c668b4dbb8f183869711b188d283fcb4debf67d993d8f52e07b648bccbc56e208080db09b8b4e248ff1e313bdbd661e5d25b31abe74513829430547dd7adaa750662ff141b4a808649b96e7b421053e72114f9a5d2cac31cec431a64a93d1fa3d4c2046324d3b0a3e91495b19ab6b3980ed3804ab2b0105c10e8de753a36749781f3e289b9068eaa1227c68466c46b2ab9baf983590000156f64113f69fc528f7a7ac4a74891bcc9c3527a87e716a65e880b2db6de9b271fcf028dfaa3d6b8be38c2a20915f192aa072c7aefaca05e758a071ce4f40dcdffd5b433ebeb91273b1d57ac5b5c654ce04f1696f3eca50502faef431d893e04a2586714daf12142162e9b0b1caff0f0194ed32aba12b093a1a533d37e87993415717ec9a30f18a898fd608be3f934af5fd6e19f7e9c5600f1371959775e81ab7a6a5ec2b75d33ca97ca195c8ae2c6608ab76f8e963fcf6108ea75e9e2d17c67225c2a76748968be45d90741073980bb846eb3c3277277af3642a80e67cc6c33aa498b16aea30b38c52a1cf191b70a60e73f8ce953447c4b53f3bd15a13eca80a2f4111567ecfb3d694252ff42f185ff5be44dc286a70d22df8a74703919e1290b9439b1803124fef0826edc571644c34830dda02e6d3c8d491eebc00345a51e94732145083e5ef51ae4641fc15a3307820612abe2634297a9948c804551e0f4558f0f6b27dbec4d2a2ec832e65e8af7bb4e7cdf5c73dd69a661e0ab66e9bfa6b2146d30deca5eaf6adeeb02afc2b2ffc071004acaaa1266060ac08845d83ea9f537cf1db6973aec55d2f2e4d33317e680a5da3c1ea7621f2c84b73ea3bb59892dd481fe29627b92a26eafe9f244e1b5b713cbff609a5c3d2fabad6a49063c77d40293d970ef28a2a72190a439a2b22b2712051e2d3e98819b2c2ee543d50418a131e3912187bca3b600de83c924993bd137ba5d3fd02e6952dc1a40bebc38992d92547a3fb36bbd085306d013d8eb7fccca488a3930161d1210dec373b15d19b12165d2c8cb48544812bf984f974470c68282fe0e29b2e233153f2ae1ce7106143f90722886ac5d7b6a17803a0df7f3e7afd7d50d40be68f551fb7e9d2c35b48cabfe65033c89518022841fe499ab36f187d14ad0af775932aa607159035eeff0a5d92308fd37ac345f2525bf5428de1cdd543c168f17cb1af65a8ed3c86dc3e3c453d4bda39e95f36903caba624d2b24db98a20f24534aece4000c6b9a05cf550b2ac61b8e86c04ceb12c7a2a9752f368e829e81e0831efbdc0b01fbb721006b7e065d004ed5b9d1ecaad27c5d3602e27552c8f236d9f182d56c10dc2601a8f176f7b4001f72c3f2eae75235e63703c4fb4635545a52c144bd54477413cbd1b289aa98f0829a4e9421614ea7f63db23b8ae5879afa72d5a3ee8736dabc16b7214eb3a1b4a3d48f50fdb065862e23f8a987171323e53e1829e2b6133fd9870b43908c605bb4ef5f9061049e4cf864c112dea6eb0750610d4316bd1fa1643962107f55a8d875a756a9fa73423e4d1ee4231529320ffd997e09b744ab94f1d368a1ed58a8e228ba9bef4bd0b9b7ad45a50d6d05bf1167efee4e51ffddc9c98719fa2fc7a8373bc3e1e5ff57ab5692ff84b05ac9af3a417ef46f98d854a79c34dcdc7d8761b952db6150d320aa7842ecd4dfa9f739eb249a937ca4eed18c46458198cdcbf5798899948001879a36bc3f074f0faeab6e93a503c04ca96dd4ccd42da267e1c34732');


--
-- Data for Name: ledger_timestamp; Type: TABLE DATA; Schema: public; Owner: postgres
--



--
-- Data for Name: organisations; Type: TABLE DATA; Schema: public; Owner: postgres
--

INSERT INTO public.organisations VALUES ('01a22cf1-53a7-7b1f-82b4-8e0b045605ab', 'operator', 'institution', '12330000MB0000001H', 'none', NULL, NULL, '运营中心', 'Operator', 'admitted', '2026-11-30 14:52:22.823631+00');
INSERT INTO public.organisations VALUES ('01a22cf1-57c8-7194-8cb0-9802b83a6548', 'owner', 'department', '12330000MB0000002L', 'province', NULL, NULL, 'owner单位', 'owner', 'admitted', '2026-11-30 14:52:23.880579+00');
INSERT INTO public.organisations VALUES ('01a22cf1-5903-7e34-be3a-79b2b408f61b', 'consumer', 'institution', '12330000MB0000003P', 'none', NULL, NULL, 'consumer单位', 'consumer', 'admitted', '2026-11-30 14:52:24.195337+00');


--
-- Data for Name: policy_bundles; Type: TABLE DATA; Schema: public; Owner: postgres
--

INSERT INTO public.policy_bundles VALUES ('c904e5f8c90f9621f1427e2118e34f594e42ce1a061df11012d8a0b629d5736c', '{"delivery.rego": "# METADATA\n# title: Delivery\n# description: >-\n#   May this delivery happen, and under which obligations? One input document in, one decision out; every fact arrives\n#   in `input` (policies/documents.py is its schema), so that a stored input and a stored bundle replay a decision. The\n#   one datum beside it is `data.bundle.revision`, the digest of this bundle, which the decision repeats as proof of what\n#   was evaluated. Times are epoch seconds; a window holds its start and not its end. `allow` is a conjunction of things\n#   proven: a missing fact is undefined, and what is undefined proves nothing. `reasons` describe, and never decide.\npackage exchange.delivery\n\ndecision := {\n\t\"allow\": true,\n\t\"reasons\": [],\n\t\"agreement\": chosen.id,\n\t\"obligations\": obligations,\n\t\"revision\": data.bundle.revision,\n} if allow\n\ndecision := {\n\t\"allow\": false,\n\t\"reasons\": [why | some why in reasons],\n\t\"revision\": data.bundle.revision,\n} if not allow\n\ndefault allow := false\n\nallow if {\n\trole_held\n\tconsumer_admitted\n\tprincipal_active\n\towner_admitted\n\tdataset_published\n\tdataset_shared\n\tlevel_permitted\n\tlane_permitted\n\tconsumer_in_terms\n\tterms_in_time\n\trecords_offered\n\tconsent_unneeded\n\tpurpose_in_terms\n\tchosen\n}\n\n# The facts about who asks and what is asked for ----------------------------------------------------------------------\n\nrole_held if input.rbac.allow == true\n\nconsumer_admitted if input.subject.organisation_state == \"admitted\"\n\nprincipal_active if input.subject.principal_state == \"active\"\n\nowner_admitted if input.resource.owner_state == \"admitted\"\n\ndataset_published if input.resource.state == \"published\"\n\ndataset_shared if input.resource.sharing in {\"unconditional\", \"conditional\"}\n\n# Core data enters no delivery, on any lane; nor does a dataset that is graded below one of its fields.\nshareable_levels := {\"G1\", \"G2\", \"G3\", \"G4\", \"IMPORTANT\"}\n\nlevel_permitted if {\n\tinput.resource.level in shareable_levels\n\tevery field in input.resource.fields { field.level in shareable_levels }\n}\n\n# The lane fixes the rules: government sharing is between departments.\nlane_kinds := {\n\t\"government\": {\"department\"},\n\t\"operation\": {\"department\", \"enterprise\", \"institution\"},\n\t\"trade\": {\"department\", \"enterprise\", \"institution\"},\n\t\"person\": {\"department\", \"enterprise\", \"institution\"},\n}\n\nlane_permitted if input.subject.kind in lane_kinds[input.lane]\n\n# The owner''s terms, as they are now ----------------------------------------------------------------------------------\n\nterms := input.resource.terms\n\nconsumer_in_terms if {\n\twelcome(terms.consumers.kinds, input.subject.kind)\n\twelcome(terms.consumers.levels, input.subject.level)\n\twelcome(terms.consumers.organisations, input.subject.organisation)\n\tconsumer_in_group\n}\n\nconsumer_in_group if count(terms.consumers.groups) == 0\n\nconsumer_in_group if {\n\tsome group in terms.consumers.groups\n\twelcome(group.kinds, input.subject.kind)\n\twelcome(group.levels, input.subject.level)\n\twelcome(group.organisations, input.subject.organisation)\n}\n\nwelcome(list, _) if count(list) == 0\n\nwelcome(list, one) if one in list\n\nterms_in_time if input.now < terms.not_after\n\n# A delivery is of records. Where only figures about groups of people may leave, there is none that would do.\nrecords_offered if terms.min_group == 0\n\n# There is nowhere yet to look for people''s consent, so what needs it stays.\nconsent_unneeded if terms.consent == false\n\npurpose_in_terms if input.purpose in terms.purposes\n\n# The agreements: the first that holds now and covers what is asked ---------------------------------------------------\n\nchosen := [agreement | some agreement in holding; covers(agreement)][0]\n\nholding := [agreement | some agreement in addressed; holds(agreement)]\n\naddressed := [agreement |\n\tsome agreement in input.agreements\n\tagreement.consumer == input.subject.organisation\n\tagreement.dataset == input.resource.dataset\n]\n\nholds(agreement) if {\n\tagreement.state == \"active\"\n\tagreement.lane == input.lane\n\tagreement.not_before <= input.now\n\tinput.now < agreement.not_after\n\tcovers_purpose(agreement)\n\timpact_assessed(agreement)\n\trisk_assessed(agreement)\n}\n\ncovers_purpose(agreement) if input.purpose in agreement.purposes\n\n# What has to be on file before data leaves, with the dataset or with the agreement. Personal information in authorised\n# operation and in trade: an impact assessment (PIPL Article 55). Important data: a risk assessment (Decree 790, Article 31).\non_file(_, kind) if kind in input.resource.assessments\n\non_file(agreement, kind) if kind in agreement.assessments\n\nimpact_assessed(agreement) if on_file(agreement, \"impact\")\n\nimpact_assessed(_) if input.lane in {\"government\", \"person\"}\n\nimpact_assessed(agreement) if {\n\twithin := granted(agreement)\n\tevery field in input.resource.fields { impersonal(field, within) }\n}\n\nimpersonal(field, _) if field.personal == false\n\nimpersonal(field, within) if not field.name in within\n\nrisk_assessed(agreement) if on_file(agreement, \"risk\")\n\nrisk_assessed(_) if {\n\tinput.resource.level in general_levels\n\tevery field in input.resource.fields { field.level in general_levels }\n}\n\ngeneral_levels := {\"G1\", \"G2\", \"G3\", \"G4\"}\n\n# A filter on a masked or withheld field would reveal it by trial, so it needs the field granted in the clear.\ncovers(agreement) if {\n\twithin := granted(agreement)\n\tcount(leaving(within)) > 0\n\tcount(requested - within) == 0\n\tcount(((filtered - within) | (filtered & masked(agreement)))) == 0\n}\n\n# Named in rules of their own: a list that is missing leaves these undefined, where a comprehension would find it empty.\nrequested := {name | some name in list} if list := input.requested\n\nfiltered := {name | some name in list} if list := input.filtered\n\ngrantable := {name | some name in terms.fields} & {field.name | some field in input.resource.fields}\n\ngranted(agreement) := grantable & {name | some name in agreement.fields}\n\nmasked(agreement) := object.keys(terms.masks) | object.keys(agreement.masks)\n\n# No request for particular fields is a request for all that are granted.\nleaving(within) := within if count(requested) == 0\n\nleaving(within) := within & requested if count(requested) > 0\n\n# What an allowed delivery obliges ------------------------------------------------------------------------------------\n\nobligations := {\n\t\"columns\": columns,\n\t\"row_filters\": array.concat(terms.row_filters, chosen.row_filters),\n\t\"row_cap\": lower(terms.row_cap, chosen.row_cap),\n\t\"rates\": terms.rates,\n\t\"not_after\": lower(terms.not_after, chosen.not_after),\n}\n\ncolumns := [column |\n\tsome field in input.resource.fields\n\tfield.name in within\n\tcolumn := released(field.name)\n] if {\n\twithin := leaving(granted(chosen))\n}\n\n# Where both sides mask, the mask goes that shows no more than either; where neither of two does, nothing is shown.\nreleased(name) := {\"name\": name, \"mask\": stricter(terms.masks[name], chosen.masks[name])} if {\n\tterms.masks[name]\n\tchosen.masks[name]\n}\n\nelse := {\"name\": name, \"mask\": terms.masks[name]} if terms.masks[name]\n\nelse := {\"name\": name, \"mask\": chosen.masks[name]} if chosen.masks[name]\n\nelse := {\"name\": name} if not name in masked(chosen)\n\nstricter(a, b) := a if hides(a, b)\n\nelse := b if hides(b, a)\n\nelse := {\"kind\": \"null\"}\n\n# Whether what a mask shows follows from what the other shows.\nhides(a, b) if a == b\n\nhides(a, _) if a.kind in {\"null\", \"constant\"}\n\nhides(a, b) if {\n\ta.kind == \"year\"\n\tb.kind == \"month\"\n}\n\nhides(a, b) if {\n\ta == {\"kind\": \"partial\", \"keep_start\": 0, \"keep_end\": 0}\n\tb.kind == \"partial\"\n}\n\nhides(a, b) if {\n\ta.kind == \"prefix\"\n\tb.kind == \"prefix\"\n\ta.length <= b.length\n}\n\nhides(a, b) if {\n\ta.kind == \"bucket\"\n\tb.kind == \"bucket\"\n\ta.size % b.size == 0\n}\n\nlower(a, b) := a if a <= b\n\nlower(a, b) := b if b < a\n\n# Explanations: one for everything that is not proven -----------------------------------------------------------------\n\nbecause(code, rule, ref) := {\"code\": code, \"rule\": sprintf(\"delivery.%s\", [rule]), \"ref\": ref}\n\nreasons contains because(\"role-missing\", \"role_held\", input.subject.principal) if not role_held\n\nreasons contains because(\"consumer-not-admitted\", \"consumer_admitted\", input.subject.organisation) if not consumer_admitted\n\nreasons contains because(\"principal-suspended\", \"principal_active\", input.subject.principal) if not principal_active\n\nreasons contains because(\"owner-not-admitted\", \"owner_admitted\", input.resource.owner) if not owner_admitted\n\nreasons contains because(\"dataset-unavailable\", \"dataset_published\", input.resource.dataset) if not dataset_published\n\nreasons contains because(\"dataset-not-shared\", \"dataset_shared\", input.resource.dataset) if not dataset_shared\n\nreasons contains because(\"level-forbidden\", \"level_permitted\", input.resource.dataset) if not level_permitted\n\nreasons contains because(\"lane-mismatch\", \"lane_permitted\", input.lane) if not lane_permitted\n\nreasons contains because(\"consumer-not-in-terms\", \"consumer_in_terms\", input.subject.organisation) if not consumer_in_terms\n\nreasons contains because(\"terms-expired\", \"terms_in_time\", input.resource.dataset) if not terms_in_time\n\nreasons contains because(\"aggregates-only\", \"records_offered\", input.resource.dataset) if not records_offered\n\nreasons contains because(\"consent-missing\", \"consent_unneeded\", input.resource.dataset) if not consent_unneeded\n\nreasons contains because(\"purpose-not-granted\", \"purpose_in_terms\", input.resource.dataset) if not purpose_in_terms\n\nreasons contains because(\"agreement-missing\", \"chosen\", input.resource.dataset) if count(addressed) == 0\n\n# What has been said to have expired stays so, even for a clock that was set back.\nexpired(agreement) if agreement.state == \"expired\"\n\nexpired(agreement) if input.now >= agreement.not_after\n\n# While no agreement holds, each says what is wrong with it; as soon as one holds, the old ones are beside the point.\nfailing := [agreement | some agreement in addressed; count(holding) == 0]\n\nreasons contains because(\"agreement-suspended\", \"holds\", agreement.id) if {\n\tsome agreement in failing\n\tagreement.state == \"suspended\"\n}\n\nreasons contains because(\"agreement-terminated\", \"holds\", agreement.id) if {\n\tsome agreement in failing\n\tagreement.state == \"terminated\"\n}\n\nreasons contains because(\"agreement-not-yet-valid\", \"holds\", agreement.id) if {\n\tsome agreement in failing\n\tinput.now < agreement.not_before\n}\n\nreasons contains because(\"agreement-expired\", \"holds\", agreement.id) if {\n\tsome agreement in failing\n\texpired(agreement)\n}\n\nreasons contains because(\"impact-assessment-missing\", \"impact_assessed\", agreement.id) if {\n\tsome agreement in failing\n\tnot impact_assessed(agreement)\n}\n\n# Of core data this would say what cannot help.\nreasons contains because(\"risk-assessment-missing\", \"risk_assessed\", agreement.id) if {\n\tsome agreement in failing\n\tlevel_permitted\n\tnot risk_assessed(agreement)\n}\n\nreasons contains because(\"lane-mismatch\", \"holds\", agreement.id) if {\n\tsome agreement in failing\n\tagreement.lane != input.lane\n}\n\nreasons contains because(\"purpose-not-granted\", \"holds\", agreement.id) if {\n\tsome agreement in failing\n\tnot covers_purpose(agreement)\n}\n\nreasons contains because(\"field-not-granted\", \"covers\", name) if {\n\tnot chosen\n\tsome name in (requested - granted(holding[0]))\n}\n\nreasons contains because(\"filter-not-granted\", \"covers\", name) if {\n\tnot chosen\n\tsome name in ((filtered - granted(holding[0])) | (filtered & masked(holding[0])))\n}\n\nreasons contains because(\"nothing-granted\", \"covers\", holding[0].id) if {\n\tnot chosen\n\tcount(granted(holding[0])) == 0\n}\n"}', '2026-11-30 14:52:22.612242+00');


--
-- Data for Name: policy_modules; Type: TABLE DATA; Schema: public; Owner: postgres
--

INSERT INTO public.policy_modules VALUES ('01a22cf1-57c8-7194-8cb0-9802b83a6548', '3b2d97ee80d4ed5312abc6c0c36ca753ab2952f05ee59b2fd1b532ca122c9a2d', '{"owner.rego": "package exchange.owner\n\nrow_cap := 7\n", "owner_test.rego": "package exchange.owner_test\n\ntest_cap if data.exchange.owner.row_cap == 7\n"}', 1, 'regorus/0.13.0', '2026-11-30 14:52:26.75218+00');


--
-- Data for Name: principals; Type: TABLE DATA; Schema: public; Owner: postgres
--

INSERT INTO public.principals VALUES ('01a22cf1-53bf-7c39-b0ba-11042c13df5d', '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', 'member', 'operator', 'System administrator', 'active', '2026-11-30 14:52:22.84763+00');
INSERT INTO public.principals VALUES ('01a22cf1-5687-78f0-9ddf-424de58eecc6', '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', 'member', 'security', 'Security administrator', 'active', '2026-11-30 14:52:23.559861+00');
INSERT INTO public.principals VALUES ('01a22cf1-569e-7b54-b84c-f1f2f958c5a9', '01a22cf1-53a7-7b1f-82b4-8e0b045605ab', 'member', 'auditor', 'Audit administrator', 'active', '2026-11-30 14:52:23.582105+00');
INSERT INTO public.principals VALUES ('01a22cf1-57dc-77de-9f8e-f0c2560eee7d', '01a22cf1-57c8-7194-8cb0-9802b83a6548', 'member', 'steward', 'Steward', 'active', '2026-11-30 14:52:23.900359+00');
INSERT INTO public.principals VALUES ('01a22cf1-58c3-78eb-9b2a-79433358a3a2', '01a22cf1-57c8-7194-8cb0-9802b83a6548', 'system', 'service', 'Service', 'active', '2026-11-30 14:52:24.13165+00');
INSERT INTO public.principals VALUES ('01a22cf1-5914-7b8c-8f26-1f35f3916a06', '01a22cf1-5903-7e34-be3a-79b2b408f61b', 'member', 'steward', 'Steward', 'active', '2026-11-30 14:52:24.212463+00');
INSERT INTO public.principals VALUES ('01a22cf1-59bd-7479-bc5d-68051feac069', '01a22cf1-5903-7e34-be3a-79b2b408f61b', 'system', 'service', 'Service', 'active', '2026-11-30 14:52:24.381128+00');


--
-- Data for Name: role_assignments; Type: TABLE DATA; Schema: public; Owner: postgres
--

INSERT INTO public.role_assignments VALUES ('01a22cf1-53bf-7c39-b0ba-11042c13df5d', 'operator', 'exchange', '2026-11-30 14:52:23.558564+00');
INSERT INTO public.role_assignments VALUES ('01a22cf1-5687-78f0-9ddf-424de58eecc6', 'security_administrator', 'exchange', '2026-11-30 14:52:23.581757+00');
INSERT INTO public.role_assignments VALUES ('01a22cf1-569e-7b54-b84c-f1f2f958c5a9', 'auditor', 'exchange', '2026-11-30 14:52:23.593952+00');
INSERT INTO public.role_assignments VALUES ('01a22cf1-57dc-77de-9f8e-f0c2560eee7d', 'steward', '01a22cf1-57c8-7194-8cb0-9802b83a6548', '2026-11-30 14:52:23.912487+00');
INSERT INTO public.role_assignments VALUES ('01a22cf1-57dc-77de-9f8e-f0c2560eee7d', 'approver', '01a22cf1-57c8-7194-8cb0-9802b83a6548', '2026-11-30 14:52:23.912553+00');
INSERT INTO public.role_assignments VALUES ('01a22cf1-57dc-77de-9f8e-f0c2560eee7d', 'consumer', '01a22cf1-57c8-7194-8cb0-9802b83a6548', '2026-11-30 14:52:23.912589+00');
INSERT INTO public.role_assignments VALUES ('01a22cf1-57dc-77de-9f8e-f0c2560eee7d', 'security_administrator', '01a22cf1-57c8-7194-8cb0-9802b83a6548', '2026-11-30 14:52:23.912618+00');
INSERT INTO public.role_assignments VALUES ('01a22cf1-58c3-78eb-9b2a-79433358a3a2', 'consumer', '01a22cf1-57c8-7194-8cb0-9802b83a6548', '2026-11-30 14:52:24.157696+00');
INSERT INTO public.role_assignments VALUES ('01a22cf1-5914-7b8c-8f26-1f35f3916a06', 'steward', '01a22cf1-5903-7e34-be3a-79b2b408f61b', '2026-11-30 14:52:24.221614+00');
INSERT INTO public.role_assignments VALUES ('01a22cf1-5914-7b8c-8f26-1f35f3916a06', 'approver', '01a22cf1-5903-7e34-be3a-79b2b408f61b', '2026-11-30 14:52:24.221675+00');
INSERT INTO public.role_assignments VALUES ('01a22cf1-5914-7b8c-8f26-1f35f3916a06', 'consumer', '01a22cf1-5903-7e34-be3a-79b2b408f61b', '2026-11-30 14:52:24.22171+00');
INSERT INTO public.role_assignments VALUES ('01a22cf1-5914-7b8c-8f26-1f35f3916a06', 'security_administrator', '01a22cf1-5903-7e34-be3a-79b2b408f61b', '2026-11-30 14:52:24.221738+00');
INSERT INTO public.role_assignments VALUES ('01a22cf1-59bd-7479-bc5d-68051feac069', 'consumer', '01a22cf1-5903-7e34-be3a-79b2b408f61b', '2026-11-30 14:52:24.401792+00');


--
-- Data for Name: sources; Type: TABLE DATA; Schema: public; Owner: postgres
--

INSERT INTO public.sources VALUES ('01a22cf1-5a6a-7894-b445-0e87bb21a0d3', '01a22cf1-57c8-7194-8cb0-9802b83a6548', 'file', 'data.csv', 'ready', '{"options": {}}', NULL, '{"key": ["person_id"], "rows": 40, "hints": [{"kind": "personal", "field": "person_id", "reason": "its name has \"person\""}, {"kind": "subject_key", "field": "person_id", "reason": "its name has \"person_id\""}, {"kind": "personal", "field": "name", "reason": "its name has \"name\""}], "notes": [], "digest": "e54f7f960b3f3cc1e840dd29c180b86f997156935676240ac3023aca65527a59", "fields": [{"name": "person_id", "type": "string", "nullable": false}, {"name": "name", "type": "string", "nullable": false}, {"name": "city", "type": "integer", "nullable": false}, {"name": "score", "type": "number", "nullable": false}]}', 'c6e98603a9642a36cbf301962d5e01c212f267bf2a33e3ccb27c96645fe81480', 40, '2026-11-30 14:52:24.55474+00');


--
-- Data for Name: subject_erasures; Type: TABLE DATA; Schema: public; Owner: postgres
--



--
-- Data for Name: subject_holds; Type: TABLE DATA; Schema: public; Owner: postgres
--



--
-- Data for Name: subjects; Type: TABLE DATA; Schema: public; Owner: postgres
--

INSERT INTO public.subjects VALUES ('\xd117af24d6483a5f3a1f412ea9e8e258891016343d91016d02a6666948a51187', '\x9b38c66f078d7afe1829246d39c094dc536847c6a7b6a94b28438440a10e02ec', 'ff598a36-b9fe-471f-b243-30e51e068439', 0, '\xb4eb094aa100ff3179cc089c44100b089219fb3f77c1e93b1c844140b2ace83af9f44355822482df5dd39d877a8158f4b8c9afc3436d85181ce73789');


--
-- Name: ledger_head_id_seq; Type: SEQUENCE SET; Schema: public; Owner: postgres
--

SELECT pg_catalog.setval('public.ledger_head_id_seq', 1, false);


--
-- Name: subject_slots; Type: SEQUENCE SET; Schema: public; Owner: postgres
--

SELECT pg_catalog.setval('public.subject_slots', 0, true);


--
-- Name: alembic_version alembic_version_pkc; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);


--
-- Name: agreement_statements pk_agreement_statements; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.agreement_statements
    ADD CONSTRAINT pk_agreement_statements PRIMARY KEY (id);


--
-- Name: agreements pk_agreements; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.agreements
    ADD CONSTRAINT pk_agreements PRIMARY KEY (id);


--
-- Name: applications pk_applications; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.applications
    ADD CONSTRAINT pk_applications PRIMARY KEY (id);


--
-- Name: dataset_versions pk_dataset_versions; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.dataset_versions
    ADD CONSTRAINT pk_dataset_versions PRIMARY KEY (dataset_id, version);


--
-- Name: datasets pk_datasets; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.datasets
    ADD CONSTRAINT pk_datasets PRIMARY KEY (id);


--
-- Name: decision_inputs pk_decision_inputs; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.decision_inputs
    ADD CONSTRAINT pk_decision_inputs PRIMARY KEY (digest);


--
-- Name: delivery_counts pk_delivery_counts; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.delivery_counts
    ADD CONSTRAINT pk_delivery_counts PRIMARY KEY (agreement_id, seconds);


--
-- Name: delivery_streams pk_delivery_streams; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.delivery_streams
    ADD CONSTRAINT pk_delivery_streams PRIMARY KEY (id);


--
-- Name: key_marks pk_key_marks; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.key_marks
    ADD CONSTRAINT pk_key_marks PRIMARY KEY (name);


--
-- Name: keys pk_keys; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.keys
    ADD CONSTRAINT pk_keys PRIMARY KEY (id);


--
-- Name: ledger_checkpoint pk_ledger_checkpoint; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.ledger_checkpoint
    ADD CONSTRAINT pk_ledger_checkpoint PRIMARY KEY (size);


--
-- Name: ledger_entry pk_ledger_entry; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.ledger_entry
    ADD CONSTRAINT pk_ledger_entry PRIMARY KEY (seq);


--
-- Name: ledger_head pk_ledger_head; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.ledger_head
    ADD CONSTRAINT pk_ledger_head PRIMARY KEY (id);


--
-- Name: ledger_index pk_ledger_index; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.ledger_index
    ADD CONSTRAINT pk_ledger_index PRIMARY KEY (seq);


--
-- Name: ledger_once pk_ledger_once; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.ledger_once
    ADD CONSTRAINT pk_ledger_once PRIMARY KEY (token);


--
-- Name: ledger_rotation pk_ledger_rotation; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.ledger_rotation
    ADD CONSTRAINT pk_ledger_rotation PRIMARY KEY (purpose, incarnation, valid_from);


--
-- Name: ledger_sealed pk_ledger_sealed; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.ledger_sealed
    ADD CONSTRAINT pk_ledger_sealed PRIMARY KEY (seq, subject);


--
-- Name: ledger_tile pk_ledger_tile; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.ledger_tile
    ADD CONSTRAINT pk_ledger_tile PRIMARY KEY (level, index);


--
-- Name: ledger_timestamp pk_ledger_timestamp; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.ledger_timestamp
    ADD CONSTRAINT pk_ledger_timestamp PRIMARY KEY (size);


--
-- Name: organisations pk_organisations; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.organisations
    ADD CONSTRAINT pk_organisations PRIMARY KEY (id);


--
-- Name: policy_bundles pk_policy_bundles; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.policy_bundles
    ADD CONSTRAINT pk_policy_bundles PRIMARY KEY (digest);


--
-- Name: policy_modules pk_policy_modules; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.policy_modules
    ADD CONSTRAINT pk_policy_modules PRIMARY KEY (organisation_id, digest);


--
-- Name: principals pk_principals; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.principals
    ADD CONSTRAINT pk_principals PRIMARY KEY (id);


--
-- Name: role_assignments pk_role_assignments; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.role_assignments
    ADD CONSTRAINT pk_role_assignments PRIMARY KEY (principal_id, role, domain);


--
-- Name: sources pk_sources; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.sources
    ADD CONSTRAINT pk_sources PRIMARY KEY (id);


--
-- Name: subject_erasures pk_subject_erasures; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.subject_erasures
    ADD CONSTRAINT pk_subject_erasures PRIMARY KEY (pseudonym);


--
-- Name: subject_holds pk_subject_holds; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.subject_holds
    ADD CONSTRAINT pk_subject_holds PRIMARY KEY (id);


--
-- Name: subjects pk_subjects; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.subjects
    ADD CONSTRAINT pk_subjects PRIMARY KEY (lookup);


--
-- Name: agreements uq_agreements_application_id; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.agreements
    ADD CONSTRAINT uq_agreements_application_id UNIQUE (application_id);


--
-- Name: applications uq_applications_agreement_id; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.applications
    ADD CONSTRAINT uq_applications_agreement_id UNIQUE (agreement_id);


--
-- Name: datasets uq_datasets_organisation_id_handle; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.datasets
    ADD CONSTRAINT uq_datasets_organisation_id_handle UNIQUE (organisation_id, handle);


--
-- Name: organisations uq_organisations_code; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.organisations
    ADD CONSTRAINT uq_organisations_code UNIQUE (code);


--
-- Name: organisations uq_organisations_handle; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.organisations
    ADD CONSTRAINT uq_organisations_handle UNIQUE (handle);


--
-- Name: principals uq_principals_organisation_id_handle; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.principals
    ADD CONSTRAINT uq_principals_organisation_id_handle UNIQUE (organisation_id, handle);


--
-- Name: subjects uq_subjects_pseudonym; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.subjects
    ADD CONSTRAINT uq_subjects_pseudonym UNIQUE (pseudonym);


--
-- Name: ix_agreement_statements_agreement_id; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_agreement_statements_agreement_id ON public.agreement_statements USING btree (agreement_id);


--
-- Name: ix_agreements_consumer_id_dataset_id; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_agreements_consumer_id_dataset_id ON public.agreements USING btree (consumer_id, dataset_id);


--
-- Name: ix_agreements_provider_id; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_agreements_provider_id ON public.agreements USING btree (provider_id);


--
-- Name: ix_applications_consumer_id; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_applications_consumer_id ON public.applications USING btree (consumer_id);


--
-- Name: ix_applications_provider_id; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_applications_provider_id ON public.applications USING btree (provider_id);


--
-- Name: ix_datasets_organisation_id; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_datasets_organisation_id ON public.datasets USING btree (organisation_id);


--
-- Name: ix_decision_inputs_kept_at; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_decision_inputs_kept_at ON public.decision_inputs USING btree (kept_at);


--
-- Name: ix_delivery_streams_consumer_id; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_delivery_streams_consumer_id ON public.delivery_streams USING btree (consumer_id);


--
-- Name: ix_delivery_streams_provider_id; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_delivery_streams_provider_id ON public.delivery_streams USING btree (provider_id);


--
-- Name: ix_keys_principal_id; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_keys_principal_id ON public.keys USING btree (principal_id);


--
-- Name: ix_ledger_index_agreement; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_ledger_index_agreement ON public.ledger_index USING btree (agreement) WHERE (agreement IS NOT NULL);


--
-- Name: ix_ledger_index_at; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_ledger_index_at ON public.ledger_index USING brin (at);


--
-- Name: ix_ledger_index_beginnings; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_ledger_index_beginnings ON public.ledger_index USING btree (object_id, seq) WHERE (type = ANY (ARRAY['dataset.drafted'::text, 'source.registered'::text, 'member.enrolled'::text, 'system.enrolled'::text, 'application.submitted'::text]));


--
-- Name: ix_ledger_index_consumer; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_ledger_index_consumer ON public.ledger_index USING btree (consumer) WHERE (consumer IS NOT NULL);


--
-- Name: ix_ledger_index_dataset; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_ledger_index_dataset ON public.ledger_index USING btree (dataset) WHERE (dataset IS NOT NULL);


--
-- Name: ix_ledger_index_key; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_ledger_index_key ON public.ledger_index USING btree (key) WHERE (key IS NOT NULL);


--
-- Name: ix_ledger_index_lane; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_ledger_index_lane ON public.ledger_index USING btree (lane) WHERE (lane IS NOT NULL);


--
-- Name: ix_ledger_index_object_id; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_ledger_index_object_id ON public.ledger_index USING btree (object_id) WHERE (object_id IS NOT NULL);


--
-- Name: ix_ledger_index_object_kind; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_ledger_index_object_kind ON public.ledger_index USING btree (object_kind) WHERE (object_kind IS NOT NULL);


--
-- Name: ix_ledger_index_organisation; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_ledger_index_organisation ON public.ledger_index USING btree (organisation) WHERE (organisation IS NOT NULL);


--
-- Name: ix_ledger_index_owner; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_ledger_index_owner ON public.ledger_index USING btree (owner) WHERE (owner IS NOT NULL);


--
-- Name: ix_ledger_index_principal; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_ledger_index_principal ON public.ledger_index USING btree (principal) WHERE (principal IS NOT NULL);


--
-- Name: ix_ledger_index_problem; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_ledger_index_problem ON public.ledger_index USING btree (problem) WHERE (problem IS NOT NULL);


--
-- Name: ix_ledger_index_purpose; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_ledger_index_purpose ON public.ledger_index USING btree (purpose) WHERE (purpose IS NOT NULL);


--
-- Name: ix_ledger_index_subjects; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_ledger_index_subjects ON public.ledger_index USING gin (subjects) WHERE (subjects IS NOT NULL);


--
-- Name: ix_ledger_index_type; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_ledger_index_type ON public.ledger_index USING btree (type) WHERE (type IS NOT NULL);


--
-- Name: ix_ledger_once_expires_at; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_ledger_once_expires_at ON public.ledger_once USING btree (expires_at);


--
-- Name: ix_ledger_sealed_subject_seq; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_ledger_sealed_subject_seq ON public.ledger_sealed USING btree (subject, seq);


--
-- Name: ix_principals_organisation_id; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_principals_organisation_id ON public.principals USING btree (organisation_id);


--
-- Name: ix_sources_organisation_id; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_sources_organisation_id ON public.sources USING btree (organisation_id);


--
-- Name: ix_subject_holds_pseudonym; Type: INDEX; Schema: public; Owner: postgres
--

CREATE INDEX ix_subject_holds_pseudonym ON public.subject_holds USING btree (pseudonym);


--
-- Name: agreements agreements_immutable; Type: TRIGGER; Schema: public; Owner: postgres
--

CREATE TRIGGER agreements_immutable BEFORE UPDATE ON public.agreements FOR EACH ROW EXECUTE FUNCTION public.refuse_agreement_change();


--
-- Name: agreements agreements_kept; Type: TRIGGER; Schema: public; Owner: postgres
--

CREATE TRIGGER agreements_kept BEFORE DELETE OR TRUNCATE ON public.agreements FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: applications applications_lane_fixed; Type: TRIGGER; Schema: public; Owner: postgres
--

CREATE TRIGGER applications_lane_fixed BEFORE UPDATE ON public.applications FOR EACH ROW EXECUTE FUNCTION public.refuse_lane_change();


--
-- Name: dataset_versions dataset_versions_append_only; Type: TRIGGER; Schema: public; Owner: postgres
--

CREATE TRIGGER dataset_versions_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.dataset_versions FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: decision_inputs decision_inputs_immutable; Type: TRIGGER; Schema: public; Owner: postgres
--

CREATE TRIGGER decision_inputs_immutable BEFORE UPDATE ON public.decision_inputs FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: ledger_checkpoint ledger_checkpoint_append_only; Type: TRIGGER; Schema: public; Owner: postgres
--

CREATE TRIGGER ledger_checkpoint_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.ledger_checkpoint FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: ledger_entry ledger_entry_append_only; Type: TRIGGER; Schema: public; Owner: postgres
--

CREATE TRIGGER ledger_entry_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.ledger_entry FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: ledger_entry ledger_entry_halted; Type: TRIGGER; Schema: public; Owner: postgres
--

CREATE TRIGGER ledger_entry_halted BEFORE INSERT ON public.ledger_entry FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_halted();


--
-- Name: ledger_rotation ledger_rotation_append_only; Type: TRIGGER; Schema: public; Owner: postgres
--

CREATE TRIGGER ledger_rotation_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.ledger_rotation FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: ledger_timestamp ledger_timestamp_append_only; Type: TRIGGER; Schema: public; Owner: postgres
--

CREATE TRIGGER ledger_timestamp_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.ledger_timestamp FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: policy_bundles policy_bundles_immutable; Type: TRIGGER; Schema: public; Owner: postgres
--

CREATE TRIGGER policy_bundles_immutable BEFORE DELETE OR UPDATE OR TRUNCATE ON public.policy_bundles FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: policy_modules policy_modules_immutable; Type: TRIGGER; Schema: public; Owner: postgres
--

CREATE TRIGGER policy_modules_immutable BEFORE DELETE OR UPDATE OR TRUNCATE ON public.policy_modules FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: role_assignments role_assignments_apart; Type: TRIGGER; Schema: public; Owner: postgres
--

CREATE TRIGGER role_assignments_apart BEFORE INSERT OR UPDATE ON public.role_assignments FOR EACH ROW WHEN (((new.role)::text = ANY ((ARRAY['operator'::character varying, 'security_administrator'::character varying, 'auditor'::character varying])::text[]))) EXECUTE FUNCTION public.keep_duties_apart();


--
-- Name: agreement_statements fk_agreement_statements_agreement_id; Type: FK CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.agreement_statements
    ADD CONSTRAINT fk_agreement_statements_agreement_id FOREIGN KEY (agreement_id) REFERENCES public.agreements(id);


--
-- Name: agreements fk_agreements_consumer_id; Type: FK CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.agreements
    ADD CONSTRAINT fk_agreements_consumer_id FOREIGN KEY (consumer_id) REFERENCES public.organisations(id);


--
-- Name: agreements fk_agreements_dataset_id; Type: FK CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.agreements
    ADD CONSTRAINT fk_agreements_dataset_id FOREIGN KEY (dataset_id) REFERENCES public.datasets(id);


--
-- Name: agreements fk_agreements_provider_id; Type: FK CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.agreements
    ADD CONSTRAINT fk_agreements_provider_id FOREIGN KEY (provider_id) REFERENCES public.organisations(id);


--
-- Name: applications fk_applications_consumer_id; Type: FK CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.applications
    ADD CONSTRAINT fk_applications_consumer_id FOREIGN KEY (consumer_id) REFERENCES public.organisations(id);


--
-- Name: applications fk_applications_dataset_id; Type: FK CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.applications
    ADD CONSTRAINT fk_applications_dataset_id FOREIGN KEY (dataset_id) REFERENCES public.datasets(id);


--
-- Name: applications fk_applications_provider_id; Type: FK CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.applications
    ADD CONSTRAINT fk_applications_provider_id FOREIGN KEY (provider_id) REFERENCES public.organisations(id);


--
-- Name: dataset_versions fk_dataset_versions_dataset_id; Type: FK CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.dataset_versions
    ADD CONSTRAINT fk_dataset_versions_dataset_id FOREIGN KEY (dataset_id) REFERENCES public.datasets(id);


--
-- Name: dataset_versions fk_dataset_versions_source_id; Type: FK CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.dataset_versions
    ADD CONSTRAINT fk_dataset_versions_source_id FOREIGN KEY (source_id) REFERENCES public.sources(id);


--
-- Name: datasets fk_datasets_organisation_id; Type: FK CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.datasets
    ADD CONSTRAINT fk_datasets_organisation_id FOREIGN KEY (organisation_id) REFERENCES public.organisations(id);


--
-- Name: keys fk_keys_principal_id; Type: FK CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.keys
    ADD CONSTRAINT fk_keys_principal_id FOREIGN KEY (principal_id) REFERENCES public.principals(id);


--
-- Name: organisations fk_organisations_parent_id; Type: FK CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.organisations
    ADD CONSTRAINT fk_organisations_parent_id FOREIGN KEY (parent_id) REFERENCES public.organisations(id);


--
-- Name: policy_modules fk_policy_modules_organisation_id; Type: FK CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.policy_modules
    ADD CONSTRAINT fk_policy_modules_organisation_id FOREIGN KEY (organisation_id) REFERENCES public.organisations(id);


--
-- Name: principals fk_principals_organisation_id; Type: FK CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.principals
    ADD CONSTRAINT fk_principals_organisation_id FOREIGN KEY (organisation_id) REFERENCES public.organisations(id);


--
-- Name: role_assignments fk_role_assignments_principal_id; Type: FK CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.role_assignments
    ADD CONSTRAINT fk_role_assignments_principal_id FOREIGN KEY (principal_id) REFERENCES public.principals(id);


--
-- Name: sources fk_sources_organisation_id; Type: FK CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.sources
    ADD CONSTRAINT fk_sources_organisation_id FOREIGN KEY (organisation_id) REFERENCES public.organisations(id);


--
-- Name: SCHEMA public; Type: ACL; Schema: -; Owner: pg_database_owner
--

GRANT USAGE ON SCHEMA public TO exchange_app;


--
-- Name: FUNCTION ledger_append(tokens bytea[], expiries timestamp with time zone[], bodies bytea[], fences bigint[], advance boolean, OUT outcomes bigint[], OUT fence bigint); Type: ACL; Schema: public; Owner: postgres
--

REVOKE ALL ON FUNCTION public.ledger_append(tokens bytea[], expiries timestamp with time zone[], bodies bytea[], fences bigint[], advance boolean, OUT outcomes bigint[], OUT fence bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ledger_append(tokens bytea[], expiries timestamp with time zone[], bodies bytea[], fences bigint[], advance boolean, OUT outcomes bigint[], OUT fence bigint) TO exchange_app;


--
-- Name: TABLE agreement_statements; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT,INSERT ON TABLE public.agreement_statements TO exchange_app;


--
-- Name: TABLE agreements; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT,INSERT ON TABLE public.agreements TO exchange_app;


--
-- Name: COLUMN agreements.state; Type: ACL; Schema: public; Owner: postgres
--

GRANT UPDATE(state) ON TABLE public.agreements TO exchange_app;


--
-- Name: TABLE alembic_version; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT ON TABLE public.alembic_version TO exchange_app;


--
-- Name: TABLE applications; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.applications TO exchange_app;


--
-- Name: TABLE dataset_versions; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT,INSERT ON TABLE public.dataset_versions TO exchange_app;


--
-- Name: TABLE datasets; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.datasets TO exchange_app;


--
-- Name: TABLE decision_inputs; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT,INSERT ON TABLE public.decision_inputs TO exchange_app;


--
-- Name: TABLE delivery_counts; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.delivery_counts TO exchange_app;


--
-- Name: TABLE delivery_streams; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.delivery_streams TO exchange_app;


--
-- Name: TABLE key_marks; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT,INSERT ON TABLE public.key_marks TO exchange_app;


--
-- Name: TABLE keys; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.keys TO exchange_app;


--
-- Name: TABLE ledger_checkpoint; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT,INSERT ON TABLE public.ledger_checkpoint TO exchange_app;


--
-- Name: TABLE ledger_entry; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT,INSERT ON TABLE public.ledger_entry TO exchange_app;


--
-- Name: TABLE ledger_head; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT,UPDATE ON TABLE public.ledger_head TO exchange_app;


--
-- Name: TABLE ledger_index; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.ledger_index TO exchange_app;


--
-- Name: TABLE ledger_once; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT,INSERT,DELETE ON TABLE public.ledger_once TO exchange_app;


--
-- Name: TABLE ledger_rotation; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT,INSERT ON TABLE public.ledger_rotation TO exchange_app;


--
-- Name: TABLE ledger_sealed; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT,INSERT,DELETE ON TABLE public.ledger_sealed TO exchange_app;


--
-- Name: TABLE ledger_tile; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.ledger_tile TO exchange_app;


--
-- Name: TABLE ledger_timestamp; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT,INSERT ON TABLE public.ledger_timestamp TO exchange_app;


--
-- Name: TABLE organisations; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.organisations TO exchange_app;


--
-- Name: TABLE policy_bundles; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT,INSERT ON TABLE public.policy_bundles TO exchange_app;


--
-- Name: TABLE policy_modules; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT,INSERT ON TABLE public.policy_modules TO exchange_app;


--
-- Name: TABLE principals; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.principals TO exchange_app;


--
-- Name: TABLE role_assignments; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT,INSERT,DELETE ON TABLE public.role_assignments TO exchange_app;


--
-- Name: TABLE sources; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.sources TO exchange_app;


--
-- Name: TABLE subject_erasures; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT,INSERT ON TABLE public.subject_erasures TO exchange_app;


--
-- Name: COLUMN subject_erasures.destroyed_at; Type: ACL; Schema: public; Owner: postgres
--

GRANT UPDATE(destroyed_at) ON TABLE public.subject_erasures TO exchange_app;


--
-- Name: TABLE subject_holds; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.subject_holds TO exchange_app;


--
-- Name: SEQUENCE subject_slots; Type: ACL; Schema: public; Owner: postgres
--

GRANT USAGE ON SEQUENCE public.subject_slots TO exchange_app;


--
-- Name: TABLE subjects; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT,INSERT,DELETE ON TABLE public.subjects TO exchange_app;


--
-- PostgreSQL database dump complete
--

\unrestrict earlier

