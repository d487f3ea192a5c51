package github

import (
	"context"
	"fmt"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

var _ ingest.LanguageLister = forge{}

// Languages returns the bytes of each language.
func (f forge) Languages(ctx context.Context, repo ingest.Repository) (map[string]float64, error) {
	doing := fmt.Sprintf("list the languages of %s", repo.FullName)
	owner, name := split(repo)
	sizes, resp, err := f.client.Repositories.ListLanguages(ctx, owner, name)
	if err != nil {
		return nil, f.fail(ctx, doing, resp, err)
	}
	if sizes == nil {
		return nil, fault.New(fault.Unavailable, "%s: the answer is none", doing)
	}
	all := make(map[string]float64, len(sizes))
	for language, bytes := range sizes {
		all[language] = float64(bytes)
	}
	return all, nil
}
