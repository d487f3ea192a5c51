package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/demoforge"
)

// The one open pull request of the demo: it would have a service fall.
const (
	demoPullRepository = "acme/payments-api"
	demoPullBranch     = "retire-codeowners"
	demoPullNumber     = 812
)

// proposeDemo opens the demo's pull request.
func proposeDemo(forge *demoforge.Forge, end time.Time) error {
	for _, r := range forge.Repositories() {
		if r.Provider() != demoforge.GitHub || r.Name() != demoPullRepository {
			continue
		}
		by := demoforge.Person{Name: "Marl Pit", Email: "marlpit@acme.example", Login: "marlpit"}
		change := demoforge.Change{
			Author: by, Time: end, Message: "Retire CODEOWNERS\n\nReviews are asked for in the chat these days.", Remove: []string{"CODEOWNERS"},
		}
		if _, err := r.Push(demoPullBranch, change); err != nil {
			return fmt.Errorf("make the sample pull request: %w", err)
		}
		if _, err := r.Propose(demoforge.PullRequest{Number: demoPullNumber, Title: "Retire CODEOWNERS", Branch: demoPullBranch, By: by, Time: end}); err != nil {
			return fmt.Errorf("make the sample pull request: %w", err)
		}
	}
	return nil
}

// checkDemo has the demo's pull request checked: the Git host forgets at its end what it
// was told.
func checkDemo(ctx context.Context, forge *demoforge.Forge, p *portal) (page string, err error) {
	for _, r := range forge.Repositories() {
		if r.Provider() != demoforge.GitHub || r.Name() != demoPullRepository {
			continue
		}
		repo := ingest.Repository{ID: strconv.FormatInt(r.ID(), 10), FullName: r.Name()}
		if err := p.intake().watch.Check(ctx, string(demoforge.GitHub), repo, demoPullNumber); err != nil {
			return "", fmt.Errorf("check the sample pull request: %w", err)
		}
		return forge.APIURL(demoforge.GitHub) + demoPullRepository + "/pull/" + strconv.Itoa(demoPullNumber), nil
	}
	return "", nil
}
