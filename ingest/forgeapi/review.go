package forgeapi

import (
	"strings"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

const (
	// PerPage is how many comments are asked for at once.
	PerPage = 100
	// maxNotePages is how many such pages of a pull request are looked through for our own.
	maxNotePages = 5
)

// Note is a comment on a pull request, as a forge lists it.
type Note struct {
	ID   int64
	Text string
}

// Say leaves a word on a pull request: it edits what begins with the same mark, or adds it.
// List returns a page of [PerPage] notes, from 1.
func Say(c ingest.Comment, list func(page int) ([]Note, error), edit func(id int64) error, add func() error) error {
	for page := 1; page <= maxNotePages; page++ {
		all, err := list(page)
		if err != nil {
			return err
		}
		for _, one := range all {
			switch {
			case !strings.HasPrefix(one.Text, c.Mark):
			case strings.TrimSpace(one.Text) == strings.TrimSpace(c.Text):
				return nil
			default:
				return edit(one.ID)
			}
		}
		if len(all) < PerPage {
			break
		}
	}
	if c.Only {
		return nil
	}
	return add()
}

// MayNot has what failed as a request that writes say what the token needs, if it is that
// which it lacks: forges answer 403, or 404 for what is private. Nil stays nil.
func (c *Client) MayNot(doing, needs string, failed error) error {
	switch fault.KindOf(failed) {
	case fault.Denied, fault.NotFound:
		return fault.New(fault.Denied, "%s: %s: the token may not: %s, or turn it off in the configuration", c.source, doing, needs)
	}
	return failed
}
