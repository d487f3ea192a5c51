package ingest

import (
	"context"

	"github.com/callboard/callboard/event"
)

// Reviewed is a [Source] whose forge knows of pull requests, and takes a word on them. A
// merge request is one.
type Reviewed interface {
	// PullRequest returns one as it is now; a delivery that comes late may tell of one that
	// has moved on.
	PullRequest(ctx context.Context, repo Repository, number int64) (PullRequest, error)
	// SetStatus says what came of checking a commit, in place of what was said of it before.
	// It is of kind fault.Denied if the token may not.
	SetStatus(ctx context.Context, repo Repository, s CommitStatus) error
	// Comment says something on a pull request, in place of what was said under the same
	// mark. It is of kind fault.Denied if the token may not.
	Comment(ctx context.Context, repo Repository, number int64, c Comment) error
}

// Describer is a [Source] that knows how its repositories look to the forge's visitors
// without asking.
type Describer interface {
	// Describe returns what is known of a repository, with the addresses of its pages.
	Describe(event.RepositoryState) Repository
}

// PullRequest is one as the forge tells of it.
type PullRequest struct {
	Number int64
	Title  string
	URL    string // its page
	Open   bool
	Into   string // branch
	Head   string // SHA
	Author event.Actor
}

// StatusName is what our word on a commit is called.
const StatusName = "callboard/catalog"

// CommitStatus is a word on a commit.
type CommitStatus struct {
	SHA  string
	Good bool
	Says string // one line, at most [MaxStatus] characters
	URL  string // of a page that tells more
}

// MaxStatus is how long what a status says may be at GitHub, in characters. GitLab takes 255.
const MaxStatus = 140

// MaxComment is how long a comment may be, in bytes: GitHub takes as many characters. GitLab takes
// 1,000,000.
const MaxComment = 65_536

// Comment is a word on a pull request.
type Comment struct {
	Mark string // the text begins with it, and no other's does: who quotes it has another beginning
	Text string // Markdown, at most [MaxComment] bytes
	// Only where there is one already: so that what was said does not stand when it is not
	// true any more.
	Only bool
}
