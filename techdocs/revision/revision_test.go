package revision_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/techdocs/revision"
)

// drawn writes a difference down: "-3 text" is line 3 of before, words that differ in [].
func drawn(all []revision.Line) string {
	var b strings.Builder
	for _, l := range all {
		switch l.Op {
		case revision.Same:
			fmt.Fprintf(&b, " %d/%d ", l.Before, l.After)
		case revision.Removed:
			fmt.Fprintf(&b, "-%d ", l.Before)
		case revision.Added:
			fmt.Fprintf(&b, "+%d ", l.After)
		}
		for _, p := range l.Parts {
			if p.Changed {
				fmt.Fprintf(&b, "[%s]", p.Text)
			} else {
				b.WriteString(p.Text)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestDiff(t *testing.T) {
	for _, tt := range []struct{ name, before, after, want string }{
		{"nothing", "", "", ""},
		{"a first version", "", "# One\n\ntext\n", "+1 # One\n+2 \n+3 text\n"},
		{"all went", "# One\n", "", "-1 # One\n"},
		{"the same", "a\nb\n", "a\nb\n", " 1/1 a\n 2/2 b\n"},
		{"a word", "a\nThe money moves at noon.\nz\n", "a\nThe money moves at midnight.\nz\n", " 1/1 a\n-2 The money moves at [noon].\n+2 The money moves at [midnight].\n 3/3 z\n"},
		{"words with a space between", "Pay it by the first of May, in full.\n", "Pay it by the last of June, in full.\n", "-1 Pay it by the [first] of [May], in full.\n+1 Pay it by the [last] of [June], in full.\n"},
		{"a line comes between", "a\nb\n", "a\nnew\nb\n", " 1/1 a\n+2 new\n 2/3 b\n"},
		{"another text altogether", "The quick brown fox.\n", "Install it with npm.\n", "-1 The quick brown fox.\n+1 Install it with npm.\n"},
		{"a paragraph that is broken anew", "one two three four\nfive six\n", "one two three\nfour five six\n", "-1 one two three[ four]\n-2 five six\n+1 one two three\n+2 [four ]five six\n"},
		{"ends of lines", "a\r\nb\r\n", "a\nb", " 1/1 a\n 2/2 b\n"},
		{"other scripts", "Zahlung fällig am 3. März\n", "Zahlung fällig am 4. März\n", "-1 Zahlung fällig am [3]. März\n+1 Zahlung fällig am [4]. März\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, drawn(revision.Diff(tt.before, tt.after))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Whatever differs, both texts can be read from what is told, line by line.
func TestBothTextsAreTold(t *testing.T) {
	text := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"\n", "# Title\n", "one two\n", "one three\n", "four, five\n", "x\n"}), 0, 12).Draw(t, "lines"), "")
	})
	rapid.Check(t, func(t *rapid.T) {
		before, after := text.Draw(t, "before"), text.Draw(t, "after")
		all := revision.Diff(before, after)
		var older, newer []string
		for _, l := range all {
			line := "\n"
			for _, p := range l.Parts {
				line = strings.TrimSuffix(line, "\n") + p.Text + "\n"
			}
			if l.Op != revision.Added {
				if older = append(older, line); len(older) != l.Before {
					t.Fatalf("line %d of before is called %d", len(older), l.Before)
				}
			}
			if l.Op != revision.Removed {
				if newer = append(newer, line); len(newer) != l.After {
					t.Fatalf("line %d of after is called %d", len(newer), l.After)
				}
			}
		}
		if told := strings.Join(older, ""); told != before {
			t.Fatalf("told %q of %q", told, before)
		}
		if told := strings.Join(newer, ""); told != after {
			t.Fatalf("told %q of %q", told, after)
		}
		size := revision.Count(all)
		if (size == revision.Size{}) != (before == after) {
			t.Fatalf("%q and %q differ by %+v", before, after, size)
		}
		if got := revision.SizeOf(before, after); got != size {
			t.Fatalf("%q and %q differ by %+v, and by %+v without words", before, after, size, got)
		}
	})
}

// Very many lines that all differ end in one change, soon.
func TestDiffOfMuch(t *testing.T) {
	var before, after strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&before, "before %d\n", i)
		fmt.Fprintf(&after, "after %d\n", i)
	}
	if got, want := revision.Count(revision.Diff(before.String(), after.String())), (revision.Size{Added: 20_000, Removed: 20_000}); got != want {
		t.Errorf("%+v; want %+v", got, want)
	}
}

// Patience is for a whole difference: where paragraphs took all of it, the words of those
// that follow are told as one change.
func TestPatience(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	page := func(last string) string {
		var b strings.Builder
		for i := range 4 {
			for range 7000 {
				fmt.Fprintf(&b, "%d ", random.IntN(300))
			}
			fmt.Fprintf(&b, "\nparagraph %d\n", i)
		}
		return b.String() + last + "\n"
	}
	const line = "The whole of this line stays as it is, but %s and %s and the rest of it."
	all := revision.Diff(page(fmt.Sprintf(line, "for two three", "five six seven")), page(fmt.Sprintf(line, "with 2 3", "5 6 7")))
	got := drawn(all[len(all)-1:])
	if want := "[with 2 3 and 5 6 7]"; !strings.Contains(got, want) {
		t.Errorf("%s want %s", got, want)
	}
}

func TestHunks(t *testing.T) {
	var before, after []string
	for i := range 40 {
		before = append(before, fmt.Sprint("line ", i))
	}
	after = append(after, before...)
	after[10], after[12], after[30] = "ten", "twelve", "thirty"
	var got []string
	for _, h := range revision.Hunks(revision.Diff(strings.Join(before, "\n"), strings.Join(after, "\n")), 2) {
		got = append(got, fmt.Sprint(h.Skipped, " ", len(h.Lines)))
	}
	if diff := cmp.Diff([]string{"8 9", "13 6", "7 0"}, got); diff != "" {
		t.Error(diff)
	}
	if got := revision.Hunks(revision.Diff("a\n", "a\n"), 2); got != nil {
		t.Errorf("of what is the same: %v", got)
	}
}

const guide = "# Guide\n\nFirst.\n\nSecond.\n\nThird.\n\nFourth.\n"

func TestSuccessor(t *testing.T) {
	texts := map[string]string{
		"guide": guide, "edited": strings.Replace(guide, "First.", "At first.", 1), "half": "# Guide\n\nFirst.\n\nOther\n\nwords\n\nhere.\n",
		"other": "# Something else\n", "empty": "\n",
	}
	pages := func(all ...string) (pages []revision.Page) {
		for i := 0; i < len(all); i += 2 {
			pages = append(pages, revision.Page{Path: all[i], Blob: all[i+1]})
		}
		return pages
	}
	for _, tt := range []struct {
		name          string
		before, after []revision.Page
		want          string
	}{
		{"the same content", pages("guide.md", "guide"), pages("start.md", "guide"), "start.md"},
		{"and the same name, in a folder", pages("guide.md", "guide"), pages("a.md", "guide", "more/guide.md", "guide"), "more/guide.md"},
		{"four lines of five", pages("guide.md", "guide"), pages("start.md", "edited", "x.md", "other"), "start.md"},
		{"two lines of five", pages("guide.md", "guide"), pages("start.md", "half"), ""},
		{"it is still there", pages("guide.md", "guide"), pages("guide.md", "other", "copy.md", "guide"), ""},
		{"it never was there", pages("x.md", "guide"), pages("y.md", "guide"), ""},
		{"the other was there before", pages("guide.md", "guide", "start.md", "other"), pages("start.md", "guide"), ""},
		{"another page is that one now", pages("guide.md", "guide", "next.md", "edited"), pages("start.md", "edited"), ""},
		{"empty pages", pages("guide.md", "empty"), pages("start.md", "empty"), ""},
		{"what it held is not known", pages("guide.md", "lost"), pages("start.md", "guide"), ""},
		{"but it is the same", pages("guide.md", "lost"), pages("start.md", "lost"), "start.md"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := revision.Successor("guide.md", tt.before, tt.after, func(blob string) (string, bool) { text, ok := texts[blob]; return text, ok })
			if got != tt.want || ok != (tt.want != "") {
				t.Errorf("%q, %v; want %q", got, ok, tt.want)
			}
		})
	}
}
