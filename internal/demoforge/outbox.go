package demoforge

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"time"
)

// Outgoing is a delivery on its way to a registered hook.
type Outgoing struct {
	Hook       int64 // its number in the API
	URL        string
	Redelivery bool // somebody asked for it again
	Delivery   Delivery

	hook  *hook
	after int   // how many to the same hook must overtake it still
	fate  *Fate // once it is known
}

// Fate is what becomes of a delivery on its way. The zero Fate is that it
// arrives once, in order.
type Fate struct {
	// Copies is how often it arrives; 0 is once.
	Copies int
	// Lost: the connection fails. The hook's log of attempts says so, and it
	// can be asked for again.
	Lost bool
	// Silent: it is never sent, and no log has it, like a body above 25 MB.
	Silent bool
	// After is how many later deliveries to the same hook arrive before it. If
	// fewer come, it waits for Release.
	After int
}

// SetFates asks choose about every delivery to a registered hook when its turn
// comes; nil ends it. Choose must not call the forge.
func (f *Forge) SetFates(choose func(Outgoing) Fate) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fates = choose
}

// Waiting lists what has not been sent to registered hooks yet, in the order in
// which it will be; what must be overtaken first is not in it.
func (f *Forge) Waiting() []Outgoing {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := make([]Outgoing, len(f.outbox))
	for i, o := range f.outbox {
		list[i] = *o
	}
	return list
}

// Release lets arrive next what SetFates had made late, in its order.
func (f *Forge) Release() {
	f.mu.Lock()
	for _, h := range f.hooks {
		f.outbox = append(h.late, f.outbox...)
		h.late = nil
	}
	f.mu.Unlock()
	f.wake()
}

// Deliver sends what waits to registered hooks, one after the other, and returns
// once all that there was is sent. With Options.Background it waits for that.
// What receivers answer is in the logs of attempts; the error is the context's.
func (f *Forge) Deliver(ctx context.Context) error {
	f.posting.Lock()
	defer f.posting.Unlock()
	for ctx.Err() == nil {
		f.mu.Lock()
		o := f.next()
		f.mu.Unlock()
		if o == nil {
			return nil
		}
		for range max(1, o.fate.Copies) {
			f.post(ctx, o, o.fate.Lost)
		}
		f.mu.Lock()
		f.overtaken(o)
		f.mu.Unlock()
	}
	return ctx.Err()
}

// next takes the delivery that is sent next.
func (f *Forge) next() *Outgoing {
	for len(f.outbox) > 0 {
		o := f.outbox[0]
		f.outbox = f.outbox[1:]
		fresh := o.fate == nil
		if fresh {
			o.fate = &Fate{}
			if f.fates != nil {
				*o.fate = f.fates(*o)
			}
			o.after = o.fate.After
		}
		switch {
		case o.fate.Silent:
		case fresh && o.after > 0:
			o.hook.late = append(o.hook.late, o)
		default:
			return o
		}
	}
	return nil
}

// overtaken puts what was overtaken often enough at the head of the outbox.
func (f *Forge) overtaken(by *Outgoing) {
	h := by.hook
	h.late = slices.DeleteFunc(h.late, func(o *Outgoing) bool {
		if o.after--; o.after > 0 {
			return false
		}
		f.outbox = append([]*Outgoing{o}, f.outbox...)
		return true
	})
}

func (f *Forge) queue(o *Outgoing) {
	f.outbox = append(f.outbox, o)
	f.wake()
}

// wake tells the sender in the background, if there is one, that there is work.
func (f *Forge) wake() {
	select {
	case f.work <- struct{}{}:
	default:
	}
}

// deliverAlways is the sender in the background.
func (f *Forge) deliverAlways(ctx context.Context) {
	defer close(f.idle)
	for {
		select {
		case <-f.work:
			f.Deliver(ctx) // an error is that of ctx
		case <-ctx.Done():
			return
		}
	}
}

// attempt is one try to deliver, as the log of a hook shows it.
type attempt struct {
	id         int64
	delivery   Delivery
	url        string
	redelivery bool
	at         time.Time
	took       time.Duration
	sent       http.Header
	status     int // 0: there was no answer
	failure    string
	header     http.Header
	body       []byte
}

func (a *attempt) ok() bool { return a.status/100 == 2 }

// post makes one attempt and keeps it in the log.
func (f *Forge) post(ctx context.Context, o *Outgoing, lost bool) *attempt {
	a := &attempt{delivery: o.Delivery, url: o.URL, redelivery: o.Redelivery, at: f.options.Now(), sent: o.Delivery.Header}
	if r, err := o.Delivery.Request(ctx, o.URL); err != nil {
		a.failure = "failed to connect to host"
	} else {
		a.sent = r.Header
		a.send(f.options.Client, r, lost)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	a.took = f.options.Now().Sub(a.at)
	f.nextAttempt++
	a.id = f.nextAttempt
	o.hook.attempts = append(o.hook.attempts, a)
	o.hook.judge(a, f.options.Now())
	return a
}

func (a *attempt) send(client *http.Client, r *http.Request, lost bool) {
	if lost {
		a.failure = "failed to connect to host"
		return
	}
	resp, err := client.Do(r)
	if err != nil {
		a.failure = "failed to connect to host"
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			a.failure = "timed out"
		}
		return
	}
	defer resp.Body.Close()
	a.body, _ = io.ReadAll(io.LimitReader(resp.Body, 1<<16)) // what came is what the log shows
	a.status, a.header = resp.StatusCode, resp.Header
}

// judge switches a GitLab hook off for a while that fails time and again. See
// https://docs.gitlab.com/user/project/integrations/webhooks/#auto-disabled-webhooks.
func (h *hook) judge(a *attempt, now time.Time) {
	if a.ok() {
		h.failures, h.disabledUntil = 0, time.Time{}
		return
	}
	h.failures++
	if h.provider != GitLab || h.system() || h.failures < 4 {
		return
	}
	back := 24 * time.Hour
	if doubled := h.failures - 4; doubled < 11 {
		back = min(back, time.Minute<<doubled)
	}
	if h.failures >= 40 {
		back = 100 * 365 * 24 * time.Hour
	}
	h.disabledUntil = now.Add(back)
}
