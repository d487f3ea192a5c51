package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // to change a log behind its back

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/proof"
	"github.com/callboard/callboard/eventlog/sqlitelog"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/tree"
)

// sealedFolder is a data folder with a log of many events under seal, which ends with
// a few that are not.
func sealedFolder(t *testing.T) (data string, sealed uint64) {
	t.Helper()
	data = t.TempDir()
	log, err := sqlitelog.Open(t.Context(), filepath.Join(data, fileEvents))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	hashes, err := tree.Open(t.Context(), filepath.Join(data, fileTree))
	if err != nil {
		t.Fatal(err)
	}
	defer hashes.Close()
	key, _, err := loadKey(data, "Acme")
	if err != nil {
		t.Fatal(err)
	}
	runner := projections.NewRunner(log, slog.New(slog.DiscardHandler), hashes)
	sealer := &proof.Sealer{Log: log, Tree: hashes, Key: key, Wait: func(ctx context.Context, _ eventlog.Position) error { return runner.CatchUp(ctx) }}
	n := 0
	add := func(count int) {
		for range count {
			n++
			e := benchEvent(t, n)
			e.Actor = event.Actor{Name: "Pebble Dash", Login: "pebbledash"}
			e.Cause = event.Cause{Delivery: fmt.Sprint("github:", n), Commit: strings.Repeat("4f2a", 10)}
			if n%3 == 0 {
				e.Extensions = map[string]string{event.Backfill: "true"}
			}
			if n%7 == 0 { // more than fits into a page
				e.Data = []byte(`{"document":"` + strings.Repeat("Takes the money. ", 600) + `"}`)
			}
			if _, err := log.Append(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 5 {
		add(12)
		if err := sealer.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	newest, err := hashes.Newest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	add(3)
	return data, newest.Size
}

// copied is a data folder with what lies in another one, so that it can be changed.
func copied(t *testing.T, data string) string {
	t.Helper()
	to := t.TempDir()
	for _, file := range []string{fileEvents, fileKey} {
		b, err := os.ReadFile(filepath.Join(data, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, file), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// verified runs callboard verify.
func verified(t *testing.T, args ...string) (code int, says string) {
	t.Helper()
	var out bytes.Buffer
	code = run(t.Context(), process{Args: append([]string{"verify"}, args...), Env: os.LookupEnv, Stdout: &out, Stderr: &out})
	return code, out.String()
}

// recordsOf reads what lies in a log's file, as far as it can be read.
func recordsOf(t *testing.T, data string) (lines []string, whole bool) {
	t.Helper()
	log, err := sqlitelog.Inspect(t.Context(), filepath.Join(data, fileEvents))
	if err != nil {
		return nil, false
	}
	defer log.Close()
	for rec, err := range log.Records(t.Context()) {
		if err != nil {
			return lines, false
		}
		lines = append(lines, string(proof.Line(rec)))
	}
	return lines, true
}

var namedPosition = regexp.MustCompile(`position (\d+):`)

// named is the position that verify says is wrong; 0 if it says none.
func named(says string) int {
	m := namedPosition.FindStringSubmatch(says)
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0
	}
	return n
}

// One bit flipped anywhere in a copy of the log: if it changed anything that is under
// seal, verify says which event.
func TestVerifyFindsEveryFlippedBit(t *testing.T) {
	t.Parallel()
	data, sealed := sealedFolder(t)
	if code, says := verified(t, "--data", data); code != exitFine || !strings.Contains(says, fmt.Sprintf("events 1 to %d, under 5 seals", sealed)) {
		t.Fatalf("the log as it is: %d, %s", code, says)
	}
	good, _ := recordsOf(t, data)
	whole, err := os.ReadFile(filepath.Join(data, fileEvents))
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(2026, 3))
	changed, damaged, harmless := 0, 0, 0
	for range 400 {
		at, bit := r.IntN(len(whole)), r.IntN(8)
		to := copied(t, data)
		flipped := bytes.Clone(whole)
		flipped[at] ^= 1 << bit
		if err := os.WriteFile(filepath.Join(to, fileEvents), flipped, 0o600); err != nil {
			t.Fatal(err)
		}
		is, readable := recordsOf(t, to)
		first := 0
		for first < len(is) && first < len(good) && is[first] == good[first] {
			first++
		}
		same := readable && len(is) == len(good) && first == len(good)
		code, says := verified(t, "--data", to)
		switch {
		case !same && first < int(sealed):
			changed++
			if code != exitProblems || named(says) != first+1 {
				t.Errorf("bit %d of byte %d, which changes position %d: %d, %s", bit, at, first+1, code, says)
			}
		case code == exitProblems:
			damaged++
		default:
			harmless++
		}
	}
	t.Logf("of 400 bits %d changed what is under seal, %d were found beside it, %d meant nothing", changed, damaged, harmless)
	if changed < 100 {
		t.Errorf("only %d bits changed anything: the test looks at nothing", changed)
	}
}

// What somebody can do who gets past the triggers.
func TestVerifyFindsTampering(t *testing.T) {
	t.Parallel()
	data, _ := sealedFolder(t)
	const (
		disarm = `DROP TRIGGER events_delete; DROP TRIGGER events_keep; DROP TRIGGER events_append; `
		away   = `UPDATE events SET position = -position WHERE position > %[1]d; UPDATE events SET position = -position %[2]s 1 WHERE position < 0; `
	)
	for _, c := range []struct {
		name, statements string
		want             int
	}{
		{"an event is changed", `UPDATE events SET subject = 'component:default/other' WHERE position = 17`, 17},
		{"an event is removed", `DELETE FROM events WHERE position = 17`, 17},
		{"an event is removed, and the gap closed", `DELETE FROM events WHERE position = 17; ` + fmt.Sprintf(away, 17, "-"), 17},
		{"an event is put in", fmt.Sprintf(away, 16, "+") + `INSERT INTO events SELECT 17, recorded, time, id || 'x', type, source, subject, actor_name, actor_email, actor_login,
			cause_delivery, cause_commit, cause_commit_url, cause_request, cause_schedule, extensions, data FROM events WHERE position = 16`, 17},
		{"two are swapped", `UPDATE events SET position = -1 WHERE position = 17; UPDATE events SET position = 17 WHERE position = 20; UPDATE events SET position = 20 WHERE position = -1`, 17},
		{"the first is removed", `DELETE FROM events WHERE position = 1`, 1},
		{"a seal is removed", `DELETE FROM events WHERE position = 26`, 26},
		{"all seals are removed, and the gaps closed", `DELETE FROM events WHERE type = 'log.sealed.v1'; CREATE TEMP TABLE t AS SELECT position p, row_number() OVER (ORDER BY position) n FROM events;
			UPDATE events SET position = -(SELECT n FROM t WHERE p = position); UPDATE events SET position = -position`, 1},
		{"only the triggers are gone", ``, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			to := copied(t, data)
			db, err := sql.Open("sqlite", filepath.Join(to, fileEvents))
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			db.SetMaxOpenConns(1)
			if _, err := db.Exec(disarm + c.statements); err != nil {
				t.Fatal(err)
			}
			code, says := verified(t, "--data", to)
			if code != exitProblems || named(says) != c.want {
				t.Errorf("%d, %s; want position %d named", code, says, c.want)
			}
			if c.want == 0 && !strings.Contains(says, "events_append is missing") {
				t.Errorf("says %s, want the trigger named", says)
			}
		})
	}
}

// A portal seals at the end what came, and the next one only what comes.
func TestAPortalSealsItsLog(t *testing.T) {
	t.Parallel()
	r := startPortal(t)
	if _, err := r.events.Append(t.Context(), benchEvent(t, 1), benchEvent(t, 2)); err != nil {
		t.Fatal(err)
	}
	r.seal(t.Context())
	r.seal(t.Context())
	data := r.config.Data
	code, says := verified(t, "--data", data) // beside the portal that has it open
	if code != exitFine || !strings.Contains(says, "events 1 to 2, under one seal") {
		t.Errorf("%d, %s", code, says)
	}
	if _, over := verified(t, r.base); over != says {
		t.Errorf("asked over HTTP, it says\n%s and not\n%s", over, says)
	}
	if info, err := os.Stat(filepath.Join(data, fileKey)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v, %v", info, err)
	}
	_, key := verified(t, "--data", data, "--print-key")
	if strings.Contains(key, "PRIVATE") || strings.TrimSpace(key) != r.sealer.Key.Public() {
		t.Errorf("--print-key prints %q", key)
	}
	_, kept := verified(t, "--data", data, "--print-seal")
	file := filepath.Join(t.TempDir(), "callboard.seal")
	if err := os.WriteFile(file, []byte(kept), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, says := verified(t, "--data", data, "--seal", file, "--key", strings.TrimSpace(key)); code != exitFine || strings.Contains(says, "came with") {
		t.Errorf("%d, %s", code, says)
	}
	secret, err := proof.NewKey("acme-callboard")
	if err != nil {
		t.Fatal(err)
	}
	other, err := proof.ParseKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	if code, says := verified(t, "--data", data, "--key", other.Public()); code != exitProblems || named(says) != 3 {
		t.Errorf("with another key: %d, %s; want position 3 named", code, says)
	}
	for _, args := range [][]string{{"--data", data, "--key", "x"}, {"--data", data, "--seal", "/nowhere"}, {"a", "b"}, {"x.jsonl", "--data", data}, {"--print-key", "--print-seal"}} {
		if code, says := verified(t, args...); code != exitUsage {
			t.Errorf("%v: %d, %s; want a mistake in the call", args, code, says)
		}
	}
	if code, _ := verified(t, "--data", t.TempDir()); code != exitProblems {
		t.Errorf("an empty folder: %d, want a problem", code)
	}
}

// A part of the record that was taken out of it is proved by itself.
func TestExport(t *testing.T) {
	t.Parallel()
	data, sealed := sealedFolder(t)
	_, key := verified(t, "--data", data, "--print-key")
	key = strings.TrimSpace(key)
	export := func(args ...string) (int, string, string) {
		var out, told bytes.Buffer
		code := run(t.Context(), process{Args: append([]string{"export", "events", "--data", data}, args...), Env: os.LookupEnv, Stdout: &out, Stderr: &told})
		return code, out.String(), told.String()
	}
	check := func(text string) (int, string) {
		file := filepath.Join(t.TempDir(), "part.jsonl")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return verified(t, file, "--key", key)
	}
	all, _ := recordsOf(t, data)
	code, out, told := export()
	if code != exitFine || !strings.Contains(told, "not under seal yet, and left out") {
		t.Fatalf("%d, %s", code, told)
	}
	if lines := strings.Split(strings.TrimSpace(out), "\n"); len(lines) != int(sealed)+1 || lines[9] != all[9] {
		t.Errorf("%d lines, want %d events and a proof", len(lines), sealed)
	}
	if code, says := check(out); code != exitFine || !strings.Contains(says, fmt.Sprintf("events 1 to %d", sealed)) {
		t.Errorf("%d, %s", code, says)
	}
	_, out, _ = export("--from", "20", "--to", "30")
	lines := strings.SplitAfter(out, "\n")
	if code, says := check(out); code != exitFine || !strings.Contains(says, "events 20 to 30") || lines[0] != all[19]+"\n" {
		t.Errorf("%d, %s", code, says)
	}
	for name, c := range map[string]struct {
		text string
		want int
	}{
		"a change":         {strings.Replace(out, "service-000022", "service-000099", 1), 23},
		"one removed":      {strings.Join(append(append([]string{}, lines[:4]...), lines[5:]...), ""), 24},
		"the last removed": {strings.Join(append(append([]string{}, lines[:10]...), lines[11:]...), ""), 30},
		"one put in":       {lines[0] + lines[0] + strings.Join(lines[1:], ""), 21},
		"one at the end":   {strings.Join(lines[:11], "") + lines[0] + lines[11], 30},
		"two swapped":      {lines[1] + lines[0] + strings.Join(lines[2:], ""), 20},
		"no proof":         {strings.Join(lines[:11], ""), 20},
		"cut off":          {out[:len(out)-10], 31},
		"no JSON":          {lines[0] + "x\n" + strings.Join(lines[1:], ""), 21},
		"another proof":    {strings.Replace(out, `"beside":["`, `"beside":["A`, 1), 31},
		"another seal":     {strings.Replace(out, `\n64\n`, `\n63\n`, 1), 20},
	} {
		if code, says := check(c.text); code != exitProblems || named(says) != c.want {
			t.Errorf("%s: %d, %s; want position %d named", name, code, says, c.want)
		}
	}
	if code, says := check(""); code != exitProblems {
		t.Errorf("an empty file: %d, %s", code, says)
	}
	if code, out, told := export("--from", "2020-01-01", "--to", "2020-02-01"); code != exitProblems || out != "" {
		t.Errorf("nothing: %d, %s", code, told)
	}
	if code, out, told := export("--from", "2020-01-01T00:00:00Z", "--to", "2200-01-01"); code != exitFine || !strings.HasPrefix(out, all[0]) {
		t.Errorf("everything: %d, %s", code, told)
	}
	if code, _, told := export("--from", fmt.Sprint(sealed+1)); code != exitProblems || !strings.Contains(told, "not under seal yet") {
		t.Errorf("what is not under seal: %d, %s", code, told)
	}
	for _, args := range [][]string{{"--from", "yesterday"}, {"--to", "0"}, {"--format", "csv"}} {
		if code, _, told := export(args...); code != exitUsage {
			t.Errorf("%v: %d, %s; want a mistake in the call", args, code, told)
		}
	}
	if code, says := verified(t, "part.jsonl"); code != exitUsage {
		t.Errorf("an export without a key: %d, %s; want a mistake in the call", code, says)
	}
}
