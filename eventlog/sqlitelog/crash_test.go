package sqlitelog_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/eventlog/sqlitelog"
)

// A child of the test is this same program with these set.
const (
	childPath  = "SQLITELOG_TEST_CHILD_PATH"
	childRound = "SQLITELOG_TEST_CHILD_ROUND"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(childPath); path != "" {
		fmt.Fprintln(os.Stderr, appendForEver(path, os.Getenv(childRound)))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// TestCrash kills a process in the middle of its writing, over and over on the
// same log, and looks for every event that the process said was safe.
//
// A kill shows that a log is whole after a crash at any instruction. It does not
// show that the disk has what it should, since what the kernel has taken over
// outlives the process; for that the log relies on SQLite's own tests.
func TestCrash(t *testing.T) {
	path := newPath(t)
	acked := map[string]eventlog.Position{}
	rounds := 10
	if testing.Short() {
		rounds = 3
	}
	for round := range rounds {
		killChild(t, path, round, 20+rand.IntN(800), acked)

		log := open(t, path)
		found := map[string]eventlog.Position{}
		for i, r := range eventlogtest.ReadAll(t, log, 0) {
			if r.Position != eventlog.Position(i+1) {
				t.Fatalf("round %d: record %d is at position %d", round, i+1, r.Position)
			}
			if other, ok := found[r.ID]; ok {
				t.Errorf("round %d: %s is there twice, at %d and %d", round, r.ID, other, r.Position)
			}
			found[r.ID] = r.Position
			if want := crashEvent(r.ID); !bytes.Equal(r.Data, want.Data) || r.Subject != want.Subject || r.Actor != want.Actor {
				t.Errorf("round %d: the content of %s at %d is not what was appended", round, r.ID, r.Position)
			}
		}
		var again []event.Event
		for id, p := range acked {
			if found[id] != p {
				t.Errorf("round %d: %s was acknowledged at position %d and is at %d", round, id, p, found[id])
			}
			again = append(again, crashEvent(id))
		}
		appended, err := log.Append(t.Context(), again...)
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range appended {
			if !a.Duplicate || a.Position != acked[again[i].ID] {
				t.Errorf("round %d: a repeat of %s gives %v", round, again[i].ID, a)
			}
		}
		closeLog(t, log)
	}
	t.Logf("%d events were acknowledged", len(acked))
}

// killChild runs a child until it has acknowledged so many events, kills it,
// and adds what it acknowledged until its end.
func killChild(t *testing.T, path string, round, after int, acked map[string]eventlog.Position) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(program)
	child.Env = append(os.Environ(), childPath+"="+path, fmt.Sprintf("%s=%d", childRound, round))
	var stderr bytes.Buffer
	child.Stderr = &stderr
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	for n := 0; ; n++ {
		if n == after {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		var id string
		var p eventlog.Position
		if _, err := fmt.Sscan(line, &id, &p); err != nil {
			t.Fatalf("the child says %q: %v", line, err)
		}
		acked[id] = p
	}
	if err := child.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the child ended by itself: %v\n%s", err, stderr.String())
	}
}

// appendForEver is the child: many writers, each with Appends of several sizes,
// that tell of every event once it is acknowledged. It ends only on an error.
func appendForEver(path, round string) error {
	ctx := context.Background()
	log, err := sqlitelog.Open(ctx, path)
	if err != nil {
		return err
	}
	failed := make(chan error)
	for writer := range 12 {
		go func() {
			for n := 0; ; {
				var batch []event.Event
				for range 1 + n%4 {
					batch = append(batch, crashEvent(fmt.Sprintf("%s-%d-%d", round, writer, n)))
					n++
				}
				appended, err := log.Append(ctx, batch...)
				if err == nil {
					err = log.SetCursor(ctx, fmt.Sprint(writer), appended[0].Position)
				}
				if err != nil {
					failed <- err
					return
				}
				for i, a := range appended {
					fmt.Printf("%s %d\n", batch[i].ID, a.Position)
				}
			}
		}()
	}
	return <-failed
}

// crashEvent has content that follows from its id, of 1 byte to 8 KiB.
func crashEvent(id string) event.Event {
	e := eventlogtest.Event(id)
	e.Subject = "about " + id
	e.Actor.Login = "kestrel-7"
	e.Data = []byte(strings.Repeat(event.DeriveID(0, id), 1+len(id)*int(id[len(id)-1])%340))
	return e
}
