package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/sqlitelog"
	"github.com/callboard/callboard/examples/acme"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/demoforge"
	"github.com/callboard/callboard/internal/fault"
)

func demoCommand(p process) *cobra.Command {
	var (
		data, address, forgeAddress string
		logs                        logFlags
	)
	c := &cobra.Command{
		Use:   "demo",
		Short: "Show the portal with a sample organisation",
		Long: `Run the portal with Acme, an invented organisation, on a Git host that runs in the
same process. At the first start six months of Acme's history are pushed to it,
and each push goes through the portal's webhook door like a real one. Nothing
leaves this machine.

Ctrl-C, or to close the terminal (SIGHUP), ends it. Delete the data folder to start
anew.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			logger, err := logs.logger(p.Stderr)
			if err != nil {
				return err
			}
			return runDemo(cmd.Context(), p, logger, data, address, forgeAddress)
		},
	}
	c.Flags().StringVar(&data, "data", "./data/demo", "folder that everything durable lives in")
	c.Flags().StringVar(&address, "listen", "127.0.0.1:8080", "address to serve on; port 0 takes a free one")
	c.Flags().StringVar(&forgeAddress, "forge-listen", "", "address of the sample Git host (default a free port, then the same one)")
	logs.add(c)
	// The progress is what one looks at; problems still show.
	c.Flags().Lookup("log-level").DefValue = "warn"
	c.Flags().Lookup("log-level").Value.Set("warn") //nolint:errcheck // a string takes any value
	return c
}

// labsToken is no secret: it opens an invented organisation on a host that only this
// machine reaches.
const labsToken = "acme-labs-token"

// demoManual is where the portal serves its own manual, which Acme has in a repository.
const demoManual = "/docs/default/component/callboard/"

// anyPort is a free one of this machine.
const anyPort = "127.0.0.1:0"

// demoState is what a demo must remember so that the next start finds the same
// commits at the same addresses.
type demoState struct {
	End    time.Time `json:"end"`   // when the history ends
	Forge  string    `json:"forge"` // address of the Git host
	Labs   string    `json:"labs"`  // of that of Acme Labs
	Token  string    `json:"token"`
	Secret string    `json:"secret"`
}

func runDemo(ctx context.Context, p process, logger *slog.Logger, data, address, forgeAddress string) (err error) {
	history, err := acme.Load()
	if err != nil {
		return fmt.Errorf("read the sample organisation: %w", err)
	}
	if err := prepare(ctx, data); err != nil {
		return err
	}
	state, err := loadDemoState(data, history.End(time.Now()))
	if err != nil {
		return err
	}
	if forgeAddress != "" {
		state.Forge, state.Labs = forgeAddress, "" // another demo may have both of before
	}
	service := demoforge.Service{Token: state.Token, Secret: state.Secret}
	forge, err := demoforge.Listen(state.Forge, demoforge.Options{GitHub: service, GitLab: service, Background: true})
	if err != nil {
		return fmt.Errorf("start the sample Git host on %s (choose another address with --forge-listen): %w", state.Forge, err)
	}
	defer func() { err = errors.Join(err, forge.Close()) }()
	open := demoforge.Service{Token: labsToken, Secret: state.Secret}
	labs, err := demoforge.Listen(cmp.Or(state.Labs, anyPort), demoforge.Options{GitHub: open, GitLab: open, Background: true})
	if err != nil {
		return fmt.Errorf("start the Git host that can be connected on %s (it gets another address with --forge-listen): %w", state.Labs, err)
	}
	defer func() { err = errors.Join(err, labs.Close()) }()
	state.Forge, state.Labs = strings.TrimPrefix(forge.URL(), "http://"), strings.TrimPrefix(labs.URL(), "http://")
	if err := state.save(data); err != nil {
		return err
	}

	// The Git host holds all of it before the portal starts: deliveries of an
	// earlier start that were not handled then find their commits.
	if err := forge.Play(ctx, history, demoforge.PlayOptions{End: state.End}); err != nil {
		return fmt.Errorf("make the sample repositories: %w", err)
	}

	if err := proposeDemo(forge, state.End); err != nil {
		return err
	}
	more, err := acme.LoadLabs()
	if err != nil {
		return fmt.Errorf("read what can be connected: %w", err)
	}
	if err := labs.Play(ctx, more, demoforge.PlayOptions{End: state.End}); err != nil {
		return fmt.Errorf("make what can be connected: %w", err)
	}

	conf, problems := config.Parse([]byte(acme.Config()), p.Env, nil)
	if len(problems) > 0 {
		return fmt.Errorf("read the sample configuration: %w", problems)
	}
	conf.Data, conf.Server.Listen = data, address
	for _, provider := range []demoforge.Provider{demoforge.GitHub, demoforge.GitLab} {
		conf.Sources = append(conf.Sources, config.Source{
			Name: string(provider), Type: string(provider), URL: forge.APIURL(provider),
			Token: config.Secret(state.Token), WebhookSecret: config.Secret(state.Secret), Checks: config.Checks{Status: true, Comment: true},
		})
	}
	told, err := listenToDemo()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, told.stop()) }()
	conf.Subscribers = told.subscribers
	conf.Notices.Channels, conf.Notices.Grace = []config.Channel{told.chat}, demoGrace
	return servePortal(ctx, p, conf, logger, portalOptions{demo: true, manual: demoManual, seal: true, now: time.Now}, func(ctx context.Context, portal *portal) error {
		return deliverDemo(ctx, p, forge, labs, told, portal, state.End)
	})
}

// prepare makes a data folder, or returns why no demo can have it: Acme is not to be
// played into the record of others, and of two demos on the same folder the second would
// blame the port of its Git host.
func prepare(ctx context.Context, data string) error {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	_, noDemo := os.Stat(filepath.Join(data, fileDemo))
	if _, err := os.Stat(filepath.Join(data, fileEvents)); err == nil && noDemo != nil {
		return fault.New(fault.Conflict, "%s is the data folder of a portal that is no demo: choose another one with --data", data)
	}
	log, err := sqlitelog.Open(ctx, filepath.Join(data, fileEvents))
	if err != nil {
		return err
	}
	return log.Close()
}

// fileDemo is what a demo remembers, in its data folder.
const fileDemo = "demo.json"

// deliverDemo sends what the Git host had to tell of Acme, push by push. Deliveries that
// came in an earlier start are known by their ids and change nothing, so that a
// demo that was interrupted goes on where it was.
func deliverDemo(ctx context.Context, p process, forge, labs *demoforge.Forge, listeners *demoListeners, portal *portal, end time.Time) error {
	base := "http://" + portal.listener.Addr().String()
	client := &http.Client{Timeout: 30 * time.Second}
	bar := progress{to: p.Stderr, label: "Playing six months of Acme"}
	began := time.Now()
	inbox := handledWatch{log: portal.inbox}
	told := forge.Deliveries()
	for i, d := range told {
		status, err := d.Send(ctx, client, base+"/hooks/"+string(d.Provider))
		if err == nil && status != http.StatusAccepted {
			err = fmt.Errorf("the door answered %d", status)
		}
		if err == nil && (d.Ref != "" || i == len(told)-1) { // the next push must not come before this one had its effect
			err = inbox.wait(ctx)
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("play push %d of %d of the sample history: %w", i+1, len(told), err)
		}
		bar.show(i+1, len(told))
	}
	bar.done()
	if err := tellDemoFacts(ctx, portal, end); err != nil {
		return err
	}
	if err := askInDemo(ctx, portal); err != nil {
		return err
	}
	last, err := portal.events.Last(ctx)
	if err != nil {
		return err
	}
	if err := portal.scorer.Wait(ctx, last); err != nil {
		return err
	}
	if last, err = portal.events.Last(ctx); err != nil { // scores came of it
		return err
	}
	if err := portal.runner.WaitAll(ctx, last); err != nil {
		return err
	}
	pull, err := checkDemo(ctx, forge, portal)
	if err != nil {
		return err
	}
	portal.seal(ctx) // so that there is something to verify from the first minute on
	fmt.Fprintf(p.Stderr, `
%d entities from %d events in %.1f s. Look at
  %[4]s/catalog   the catalog
  %[4]s/catalog/default/component/payments-api   a service, its relations and every change
  %[4]s/catalog/default/dataset/visits   an entity of a kind of Acme's own
  %[4]s/scorecards   how services stand, and whose change made it so
  %[4]s/initiatives   what they are to reach, and how far they are
  %[4]s/audit     every event with its cause
  %[4]s/sources   where it all comes from
  %[4]s/subscribers   where it is sent
  %[10]s   the chat that notices go to
  %[8]s   a pull request that the portal warns of
  %[4]s%[9]s   the manual
To try how one connects: at %[4]s/sources/connect choose GitHub or GitLab and
"With a token": acme-labs, the address %[5]s/github or %[5]s/gitlab,
and the token %[6]s. Or in a terminal:
  callboard connect github --org acme-labs --url %[5]s/github --token %[6]s --name labs --portal %[4]s --data %[7]s
Stop with Ctrl-C.
`, portal.catalog.Snapshot().Len(), last, time.Since(began).Seconds(), base, labs.URL(), labsToken, portal.config.Data, pull, demoManual, listeners.url+"/"+demoChat)
	portal.telling.Store(false) // before, surveys would have found what the pushes are to tell
	return portal.reload(ctx, portal.file)
}

// handledWatch follows the deliveries log to tell when nothing waits any more.
type handledWatch struct {
	log     eventlog.Reader
	after   eventlog.Position
	pending map[string]bool
}

// wait returns once every delivery in the log was handled.
func (w *handledWatch) wait(ctx context.Context) error {
	last, err := w.log.Last(ctx)
	if err != nil {
		return err
	}
	if w.pending == nil {
		w.pending = map[string]bool{}
	}
	for w.after < last || len(w.pending) > 0 {
		for rec, err := range w.log.Follow(ctx, w.after) {
			if err != nil {
				return err
			}
			w.after = rec.Position
			switch rec.Type {
			case event.TypeDeliveryReceived, event.TypeDeliveryReplayed, event.TypeRepositoryDue:
				w.pending[rec.Subject] = true
			case event.TypeDeliveryHandled:
				delete(w.pending, rec.Subject)
			}
			if w.after >= last && len(w.pending) == 0 {
				return nil
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

func loadDemoState(data string, end time.Time) (demoState, error) {
	b, err := os.ReadFile(filepath.Join(data, fileDemo))
	if errors.Is(err, fs.ErrNotExist) {
		return demoState{End: end, Forge: anyPort, Token: rand.Text(), Secret: rand.Text()}, nil
	}
	if err != nil {
		return demoState{}, fmt.Errorf("read the demo's state: %w", err)
	}
	var s demoState
	if err := json.Unmarshal(b, &s); err != nil {
		return demoState{}, fmt.Errorf("read the demo's state (delete the folder %s to start anew): %w", data, err)
	}
	return s, nil
}

func (s demoState) save(data string) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(data, fileDemo), append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("keep the demo's state: %w", err)
	}
	return nil
}
