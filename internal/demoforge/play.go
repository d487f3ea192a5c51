package demoforge

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// PlayOptions say how a history is played.
type PlayOptions struct {
	// End is when the history ends at the latest: see History.End. The same end
	// gives the same SHAs and the same delivery ids.
	End time.Time
	// Hooks are the webhook addresses. Pushes at a provider without one are not
	// sent anywhere.
	Hooks map[Provider]string
	// Client sends the deliveries; nil is http.DefaultClient.
	Client *http.Client
	// Played is called after each push with how many there have been, and may
	// wait until that push has had its effect. An error ends the playing.
	Played func(ctx context.Context, n, total int) error
}

// Play makes a history's repositories and pushes, in order, on a forge that
// has none of them yet. It stops at the first delivery that is not accepted.
func (f *Forge) Play(ctx context.Context, h History, o PlayOptions) error {
	client := o.Client
	if client == nil {
		client = http.DefaultClient
	}
	end := h.End(o.End)
	made := make([]*Repository, len(h.Repositories))
	activities := h.Activities
	until := func(at time.Time) error {
		for len(activities) > 0 && end.Add(-activities[0].Before).Before(at) {
			a := activities[0]
			activities = activities[1:]
			a.Time = end.Add(-a.Before)
			d, err := made[a.Repository].Emit(a.Activity)
			if err != nil {
				return err
			}
			if err := send(ctx, client, d, o.Hooks); err != nil {
				return err
			}
		}
		return nil
	}
	for i, p := range h.Pushes {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("play push %d of %d: %w", i+1, len(h.Pushes), err)
		}
		changes := make([]Change, 0, len(p.Commits))
		for _, c := range p.Commits {
			c.Time = end.Add(-c.Before)
			c.Files = dated(c.Files, end)
			changes = append(changes, c.Change)
		}
		if err := until(changes[len(changes)-1].Time); err != nil {
			return fmt.Errorf("play what happens before push %d of %d: %w", i+1, len(h.Pushes), err)
		}
		if made[p.Repository] == nil {
			r := h.Repositories[p.Repository]
			r.Settings.Created = changes[0].Time
			var err error
			if made[p.Repository], err = f.Create(r.Provider, r.Name, r.Settings); err != nil {
				return err
			}
		}
		d, err := made[p.Repository].Push(p.Branch, changes...)
		if err != nil {
			return fmt.Errorf("play push %d of %d: %w", i+1, len(h.Pushes), err)
		}
		if err := send(ctx, client, d, o.Hooks); err != nil {
			return fmt.Errorf("play push %d of %d: %w", i+1, len(h.Pushes), err)
		}
		if p.Tag != "" {
			d, err := made[p.Repository].Tag(p.Tag, d.After, changes[len(changes)-1].Author)
			if err == nil {
				err = send(ctx, client, d, o.Hooks)
			}
			if err != nil {
				return fmt.Errorf("play the tag %s of push %d: %w", p.Tag, i+1, err)
			}
		}
		if o.Played != nil {
			if err := o.Played(ctx, i+1, len(h.Pushes)); err != nil {
				return err
			}
		}
	}
	return until(end.Add(time.Second))
}

// dayToken stands in a file for a day, so many days before the history ends: "<day 30>",
// "<day -7>".
var dayToken = regexp.MustCompile(`<day (-?[0-9]{1,4})>`)

// dated writes days where their tokens stand.
func dated(files map[string]string, end time.Time) map[string]string {
	dated := make(map[string]string, len(files))
	for path, text := range files {
		dated[path] = dayToken.ReplaceAllStringFunc(text, func(token string) string {
			before, err := strconv.Atoi(dayToken.FindStringSubmatch(token)[1])
			if err != nil { // it is of digits
				return token
			}
			return end.UTC().AddDate(0, 0, -before).Format(time.DateOnly)
		})
	}
	return dated
}

// send delivers to the webhook of the provider, if there is one.
func send(ctx context.Context, client *http.Client, d Delivery, hooks map[Provider]string) error {
	url := hooks[d.Provider]
	if url == "" {
		return nil
	}
	status, err := d.Send(ctx, client, url)
	if err == nil && status/100 != 2 {
		err = fmt.Errorf("%s answered %d", url, status)
	}
	return err
}
