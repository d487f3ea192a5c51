package gitlab

import (
	"context"
	"fmt"

	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

var _ ingest.LanguageLister = forge{}

// Languages returns how many percent of the bytes each language has.
func (f forge) Languages(ctx context.Context, repo ingest.Repository) (map[string]float64, error) {
	doing := fmt.Sprintf("list the languages of %s", repo.FullName)
	percent, resp, err := f.client.Projects.GetProjectLanguages(repo.ID, gitlab.WithContext(ctx))
	if err != nil {
		return nil, f.fail(ctx, doing, resp, err)
	}
	if percent == nil || *percent == nil {
		return nil, fault.New(fault.Unavailable, "%s: the answer is none", doing)
	}
	all := make(map[string]float64, len(*percent))
	for language, share := range *percent {
		all[language] = float64(share)
	}
	return all, nil
}
