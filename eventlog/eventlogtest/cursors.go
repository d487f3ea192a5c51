//nolint:thelper // RunCursors is a test: a failure belongs to its own line
package eventlogtest

import (
	"fmt"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

// RunCursors holds cursors to their contract. Each test gets cursors from open
// of which none is set.
func RunCursors(t *testing.T, open func(t *testing.T) eventlog.Cursors) {
	expect := func(t *testing.T, cursors eventlog.Cursors, name string, want eventlog.Position) {
		t.Helper()
		if p, err := cursors.Cursor(t.Context(), name); p != want || err != nil {
			t.Errorf("Cursor(%q) = %d, %v, want %d", name, p, err, want)
		}
	}
	set := func(t *testing.T, cursors eventlog.Cursors, name string, p eventlog.Position) {
		t.Helper()
		if err := cursors.SetCursor(t.Context(), name, p); err != nil {
			t.Fatalf("SetCursor(%q, %d) = %v", name, p, err)
		}
	}

	t.Run("Set", func(t *testing.T) {
		cursors := open(t)
		expect(t, cursors, "a", 0)
		set(t, cursors, "a", 7)
		set(t, cursors, "b", 1<<40)
		expect(t, cursors, "a", 7)
		expect(t, cursors, "b", 1<<40)
		expect(t, cursors, "A", 0)
		set(t, cursors, "a", 8)
		expect(t, cursors, "a", 8)
		set(t, cursors, "a", 2) // back, to see events again
		expect(t, cursors, "a", 2)
		set(t, cursors, "a", 0)
		expect(t, cursors, "a", 0)
		expect(t, cursors, "b", 1<<40)
	})
	t.Run("Name", func(t *testing.T) {
		cursors := open(t)
		if err := cursors.SetCursor(t.Context(), "", 1); fault.KindOf(err) != fault.Invalid {
			t.Errorf("SetCursor without a name = %v, want an error of kind invalid", err)
		}
		for _, name := range []string{"with space", "docs/v2", "é", "'; --"} {
			set(t, cursors, name, 3)
			expect(t, cursors, name, 3)
		}
	})
	t.Run("Many", func(t *testing.T) {
		cursors := open(t)
		var g errgroup.Group
		for i := range 16 {
			g.Go(func() error {
				name := fmt.Sprint("follower ", i)
				for p := range eventlog.Position(50) {
					if err := cursors.SetCursor(t.Context(), name, p); err != nil {
						return err
					}
					if got, err := cursors.Cursor(t.Context(), name); got != p || err != nil {
						return fmt.Errorf("%s: Cursor = %d, %w, want %d", name, got, err, p)
					}
				}
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
	})
}
