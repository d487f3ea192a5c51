package main

import (
	"context"
	"time"

	"github.com/robfig/cron/v3"
)

// prune forgets deliveries that are older than what is kept, now and once a day.
func (p *portal) prune(ctx context.Context) error {
	once := func() {
		if err := p.pruneOnce(ctx); err != nil && ctx.Err() == nil {
			p.logger.ErrorContext(ctx, "deliveries were not pruned", "error", err)
		}
	}
	once()
	schedule := cron.New()
	if _, err := schedule.AddFunc("@daily", once); err != nil {
		return err
	}
	schedule.Start()
	<-ctx.Done()
	<-schedule.Stop().Done()
	return nil
}

// pruneOnce leaves what is not handled yet, however old, and all that came after it.
func (p *portal) pruneOnce(ctx context.Context) error {
	before := p.now().Add(-time.Duration(p.config.Deliveries.Keep))
	summaries, err := p.deliveries.Summaries(ctx)
	if err != nil {
		return err
	}
	for _, s := range summaries {
		if !s.Oldest.IsZero() && s.Oldest.Before(before) {
			before = s.Oldest
		}
	}
	if _, err := p.inbox.Prune(ctx, before); err != nil {
		return err
	}
	return p.deliveries.Forget(ctx, before)
}
