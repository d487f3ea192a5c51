// Package ingest turns what forges say into events. A signed delivery comes
// through the [Door] into the deliveries log; the [Translator] reads it there,
// asks its source what it means, reads the repository at its forge, compares
// with what is known, and appends what changed.
//
// Start with [Source]: github and gitlab each implement it in a folder of
// their own, and know nothing of each other.
//
// # Why the catalog ends at the head
//
// Deliveries come late, twice and in any order, so a delivery about a push to
// the default branch only says that it is time to look. What is read is the
// whole tree at one commit, the target: that which the push moved to, if it lies
// on the way from the commit reached before to the head that the branch has
// now, so that a burst of pushes leaves its history; else the head. Reached is
// what the newest handled delivery has on record, and the newest commit that an
// entity is declared at: that is all there is when no delivery is kept, and farther
// on when a crash came between the two.
//
// Take the last delivery of all that have to be handled. When it is, the branch
// is where the newest push left it, at h, and the delivery of that push has been
// handled (or is this one). That one's target was h, since it found the head to
// be what it says. Later ones go from h to a target that has h behind it and the
// head, h, before it: to h. So the catalog ends at h, in whatever order. The
// same holds with restarts in between, as what was reached is on record before
// the next delivery is handled; and with histories that are rewritten, where a
// commit that is not on the way, or gone, makes the head the target.
//
// This assumes that the forge answers with the branch as it is. A head that lies
// before what was pushed less than a minute ago is asked for again.
package ingest

import (
	"context"
	"net/http"
	"time"

	"github.com/callboard/callboard/event"
)

// Source is one configured place that sends deliveries.
type Source interface {
	// Name is the last part of its webhook's path, /hooks/{name}.
	Name() string
	// Verify checks who sent a request, over the bytes as they came, and says
	// how the provider names the delivery. An error of kind fault.Denied means
	// that the signature is missing or wrong.
	Verify(header http.Header, body []byte) (Receipt, error)
	// Translate says what a delivery means. It is pure. An error of kind
	// fault.Invalid means that the body is not what its headers promise.
	Translate(d Delivery) (Meaning, error)
	// Forge is where the source's repositories are read; nil if there are none.
	// Then no meaning asks to look at one.
	Forge() Forge
}

// Scoped is a [Source] whose configuration may name the owners of what it reads.
type Scoped interface {
	// Covers reports whether a repository's full name is one of those owners'; true
	// of all if the configuration names none.
	Covers(fullName string) bool
}

// Receipt is how the provider names a delivery.
type Receipt struct {
	ID    string // the same when it is sent again; "" if it has no name
	Event string // "push", "Push Hook"
}

// Delivery is a verified delivery as it came.
type Delivery struct {
	ID     string // event.DeliveryID
	Event  string
	Header http.Header // without secrets
	Body   []byte
}

// Meaning is what a delivery says. The zero Meaning: nothing that a catalog cares
// about. Of what it asks for, a repository is looked at but once.
type Meaning struct {
	Repository Repository // zero if it is about none
	Push       *Push      // set when the default branch moved

	By event.Actor // who did it, if the delivery says so

	// Look says that something about the repository itself changed: its name, its
	// owner, its default branch, whether it is archived. The forge is asked what.
	Look bool
	// Gone says that the forge told of the repository's end.
	Gone bool
	// Left says that the forge told of the repository's transfer to an owner that
	// the source leaves out. The forge is asked whether it still is there.
	Left bool
	// Survey says that repositories or people may have come, gone or moved that
	// the delivery does not name one by one.
	Survey bool

	// PullRequest is the number of one that is open and goes into the default branch, of
	// which something else than before would be merged now; 0 = none.
	PullRequest int64

	// Reason is why nothing follows from it, for people, where it does not go
	// without saying.
	Reason string

	// Note says what of it could not be used, for people, where the rest was.
	Note string

	// Said is kept as it was said: types, subjects, data, times and actors are set,
	// ids and causes are not.
	Said []event.Event
}

// Repository names a repository at its forge.
type Repository struct {
	ID            string // the forge's own, the same through renames
	FullName      string // "acme/payments"
	DefaultBranch string
	URL           string // its page
	Pages         Pages

	// What only [Forge.Repository] fills in.
	Description string
	Visibility  string // "public", "internal" or "private"; "" if the forge does not say
	Archived    bool
	Fork        bool
	Language    string
	Topics      []string
	License     string // SPDX identifier; "" if the forge knows of none
}

// Pages are how the web addresses of what is on the default branch begin; the
// path follows, percent-encoded.
type Pages struct {
	View string // a file, "https://github.com/acme/payments/blob/main/"
	Edit string // a file in the forge's editor
	Dir  string // a folder
	// Root names the repository as a whole, where it has no such pages: annotations
	// then say it, a "#" and the path. Else "".
	Root string
}

// Push says that the default branch moved. Nothing else of a push's body is
// believed: commit lists are cut, and deliveries come late, twice and in any order.
type Push struct {
	After  string      // the SHA that it moved to
	Pusher event.Actor // who pushed, which need not be who wrote the commits
}

// Commit is one commit of a repository.
type Commit struct {
	SHA     string
	URL     string // its page
	Author  event.Actor
	Time    time.Time // committer time
	Parents []string  // SHAs; the first is the branch's own history
	// Protected says of the head of a branch whether that is protected; nil if the
	// forge does not say. Only [Forge.Head] knows.
	Protected *bool
}

// File is one file of a tree.
type File struct {
	Path string
	Blob string // Git's id of the content
}

// Forge reads repositories. Answers are complete or an error: a tree that the
// forge cut short, a page that failed, an answer that makes no sense are errors
// of kind fault.Unavailable, never a shorter answer. fault.NotFound and
// fault.Denied say that the forge answered clearly; fault.Invalid that no later
// answer will be complete either.
//
// Unavailable holds up all deliveries of the source, also when it is only one
// repository that the forge has trouble with. What an [AlertLister] and a
// [LanguageLister] do not answer alone holds up nothing: see [IsOdd].
type Forge interface {
	// Repository returns what a repository is called now, by its ID: a delivery
	// that comes late may tell of a name or default branch that has changed.
	Repository(ctx context.Context, repo Repository) (Repository, error)
	// Head returns the commit that a branch points at now.
	Head(ctx context.Context, repo Repository, branch string) (Commit, error)
	Contents
	History
}

// Contents are the files of repositories.
type Contents interface {
	// Tree lists all files at a commit, however many.
	Tree(ctx context.Context, repo Repository, sha string) ([]File, error)
	// Blob returns a file's content.
	Blob(ctx context.Context, repo Repository, file File) ([]byte, error)
}

// History answers questions about how commits came about.
type History interface {
	// Between returns the commits that head has and base has not, newest
	// first, and whether base is an ancestor of head (or head itself). Complete
	// is false when the forge did not list them all. fault.NotFound: one of
	// them is gone, or they have nothing in common.
	Between(ctx context.Context, repo Repository, base, head string) (Range, error)
	// LastChange returns the newest commit up to sha that touched path, a file or a
	// folder; fault.NotFound when none did. Without a path it is sha's own.
	LastChange(ctx context.Context, repo Repository, sha, path string) (Commit, error)
}

// Range is what lies between two commits.
type Range struct {
	Ancestor bool // base is an ancestor of head, or the same commit
	Commits  []Commit
	Complete bool
	// Base is the newest commit that both have; "" if that is not known.
	Base string
}
