package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/proof"
	"github.com/callboard/callboard/projections/tree"
)

// lastSeal bounds how long the end of the portal waits for its last seal.
const lastSeal = 10 * time.Second

// openSealer opens what puts the event log under seal.
func (p *portal) openSealer(ctx context.Context) error {
	key, made, err := loadKey(p.config.Data, p.config.Name)
	if err != nil {
		return err
	}
	p.sealer = &proof.Sealer{
		Log: p.events, Tree: p.tree, Key: key,
		Wait: func(ctx context.Context, at eventlog.Position) error { return p.runner.Wait(ctx, tree.Name, at) },
	}
	newest, err := p.tree.Newest(ctx)
	if err != nil {
		return fmt.Errorf("read the newest seal: %w", err)
	}
	if made && newest.Position > 0 {
		p.logger.WarnContext(ctx, "the log was sealed with another key, which is not in the data folder any more; a new one was made, and callboard verify needs the public keys of both", "before", newest.Signer)
	}
	return nil
}

// keepSealed seals the log at an interval.
func (p *portal) keepSealed(ctx context.Context) error {
	schedule := cron.New()
	schedule.Schedule(cron.Every(time.Duration(p.config.Log.Seal)), cron.FuncJob(func() { p.seal(ctx) }))
	schedule.Start()
	<-ctx.Done()
	<-schedule.Stop().Done()
	return nil
}

// seal seals what came since the last time. That it cannot is no reason to stop.
func (p *portal) seal(ctx context.Context) {
	if err := p.sealer.Seal(ctx); err != nil && !errors.Is(ctx.Err(), context.Canceled) {
		p.logger.ErrorContext(ctx, "the event log was not sealed", "error", err)
	}
}

var noName = regexp.MustCompile(`[^a-z0-9]+`)

// loadKey reads the data folder's key, or makes one, which is named after the
// organisation.
func loadKey(data, organisation string) (key proof.Key, made bool, err error) {
	path := filepath.Join(data, fileKey)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		name := strings.Trim(noName.ReplaceAllString(strings.ToLower(organisation), "-")+"-callboard", "-")
		secret, err := proof.NewKey(name)
		if err != nil {
			return proof.Key{}, false, err
		}
		if err := os.WriteFile(path, []byte(secret+"\n"), 0o600); err != nil {
			return proof.Key{}, false, fmt.Errorf("keep the key that seals the log: %w", err)
		}
		b, made = []byte(secret), true
	} else if err != nil {
		return proof.Key{}, false, fmt.Errorf("read the key that seals the log: %w", err)
	}
	if key, err = proof.ParseKey(string(b)); err != nil {
		return proof.Key{}, false, fmt.Errorf("%s (put back the file from a backup; or delete it, and the log is sealed with a new key from now on): %w", path, err)
	}
	return key, made, nil
}
