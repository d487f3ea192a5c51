package sqlitelog

// What a file says of itself. https://www.sqlite.org/pragma.html#pragma_application_id
const (
	applicationID = 0x43616c6c // "Call"
	schemaVersion = 1
)

// eventColumns are those of the table events, in its order.
const eventColumns = "position, recorded, time, id, type, source, subject, actor_name, actor_email, actor_login, cause_delivery, cause_commit, cause_commit_url, cause_request, cause_schedule, extensions, data"

// object is a thing of the schema. SQLite keeps the text as it stands here, so
// that Open can tell whether anything is missing or was changed.
type object struct{ name, sql string }

// schema is the whole of a log. Times are nanoseconds since 1970 in UTC;
// extensions is a JSON object, or empty like other text that an event lacks.
// Actor and cause have columns and not a JSON object each, since a replay would
// spend a third of its time on these.
//
// The triggers hold for whoever writes, by whatever tool. INSERT OR REPLACE
// deletes the row in its way without firing a delete trigger, unless a pragma
// of the connection says so; therefore events_append looks for such a row.
func schema(retention bool) []object {
	return []object{
		{"events", `CREATE TABLE events (
	position         INTEGER PRIMARY KEY,
	recorded         INTEGER NOT NULL,
	time             INTEGER NOT NULL,
	id               TEXT NOT NULL UNIQUE,
	type             TEXT NOT NULL,
	source           TEXT NOT NULL,
	subject          TEXT NOT NULL,
	actor_name       TEXT NOT NULL,
	actor_email      TEXT NOT NULL,
	actor_login      TEXT NOT NULL,
	cause_delivery   TEXT NOT NULL,
	cause_commit     TEXT NOT NULL,
	cause_commit_url TEXT NOT NULL,
	cause_request    TEXT NOT NULL,
	cause_schedule   TEXT NOT NULL,
	extensions       TEXT NOT NULL,
	data             BLOB NOT NULL
) STRICT`},
		{"cursors", `CREATE TABLE cursors (
	name     TEXT PRIMARY KEY,
	position INTEGER NOT NULL
) STRICT, WITHOUT ROWID`},
		{"events_append", `CREATE TRIGGER events_append BEFORE INSERT ON events
WHEN NEW.position IS NOT (SELECT coalesce(max(position), 0) + 1 FROM events) OR EXISTS (SELECT 1 FROM events WHERE id = NEW.id)
BEGIN SELECT raise(ABORT, 'the log is append-only: an event goes to the next position and has an id of its own'); END`},
		{"events_keep", `CREATE TRIGGER events_keep BEFORE UPDATE ON events
BEGIN SELECT raise(ABORT, 'the log is append-only: an event never changes'); END`},
		deleteTrigger(retention),
	}
}

// deleteTrigger is what tells the two kinds of log apart.
func deleteTrigger(retention bool) object {
	const name = "events_delete"
	if !retention {
		return object{name, `CREATE TRIGGER events_delete BEFORE DELETE ON events
BEGIN SELECT raise(ABORT, 'the log is append-only: an event is never deleted'); END`}
	}
	// The newest stays, since the next position follows from it.
	return object{name, `CREATE TRIGGER events_delete BEFORE DELETE ON events
WHEN OLD.position IS NOT (SELECT min(position) FROM events) OR OLD.position IS (SELECT max(position) FROM events)
BEGIN SELECT raise(ABORT, 'the log is append-only: only the oldest event is deleted, and never the newest'); END`}
}
