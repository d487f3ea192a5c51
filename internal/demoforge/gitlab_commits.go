package demoforge

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

func gitlabGetBranch(c *call) (answer, error) {
	name := c.PathValue("rev")
	h, ok := c.repo.refs[plumbing.NewBranchReferenceName(name)]
	if !ok {
		return answer{}, refusal{status: http.StatusNotFound, message: "404 Branch Not Found"}
	}
	commit, err := c.repo.objects.commit(h)
	if err != nil {
		return answer{}, err
	}
	isDefault := name == c.repo.settings.DefaultBranch
	return answer{value: jsonObject{
		"name": name, "commit": c.repo.gitlabCommit(commit), "default": isDefault, "protected": isDefault,
		"merged": false, "can_push": false, "web_url": c.repo.gitlabPage() + "/-/tree/" + name,
	}}, nil
}

func gitlabListCommits(c *call) (answer, error) {
	q := c.URL.Query()
	head, err := c.gitlabRevision(q.Get("ref_name"), "Ref")
	if err != nil {
		return answer{}, err
	}
	p := c.page(20)
	firstParent := q.Get("first_parent") == "true"
	commits, more, err := c.repo.list(head.Hash, strings.Trim(q.Get("path"), "/"), firstParent, q.Get("since"), q.Get("until"), p)
	if err != nil {
		return answer{}, err
	}
	return answer{value: c.repo.gitlabCommits(commits), header: c.gitlabLinks(p, more, -1)}, nil
}

func gitlabGetCommit(c *call) (answer, error) {
	commit, err := c.gitlabRevision(c.PathValue("rev"), "Commit")
	if err != nil {
		return answer{}, err
	}
	return answer{value: c.repo.gitlabCommit(commit)}, nil
}

func gitlabCompare(c *call) (answer, error) {
	q := c.URL.Query()
	from, err := c.gitlabRevision(q.Get("from"), "Ref")
	if err != nil {
		return answer{}, err
	}
	to, err := c.gitlabRevision(q.Get("to"), "Ref")
	if err != nil {
		return answer{}, err
	}
	cmp, err := c.repo.objects.compare(from.Hash, to.Hash)
	if err != nil {
		return answer{}, err
	}
	base := cmp.mergeBase
	if base == nil || q.Get("straight") == "true" {
		base = from
	}
	changes, err := c.repo.objects.diff(base.TreeHash, to.TreeHash, true)
	if err != nil {
		return answer{}, err
	}
	diffs := []jsonObject{}
	for _, change := range changes {
		was := change.path
		if change.was != "" {
			was = change.was
		}
		diffs = append(diffs, jsonObject{
			"old_path": was, "new_path": change.path, "diff": "",
			"new_file": change.status == "added", "deleted_file": change.status == "removed", "renamed_file": change.status == "renamed",
		})
	}
	var newest any
	if len(cmp.ahead) > 0 {
		newest = c.repo.gitlabCommit(to)
	}
	return answer{value: jsonObject{
		"commit": newest, "commits": c.repo.gitlabCommits(cmp.ahead), "diffs": diffs,
		"compare_timeout": false, "compare_same_ref": from.Hash == to.Hash,
		"web_url": c.repo.gitlabPage() + "/-/compare/" + from.Hash.String() + "..." + to.Hash.String(),
	}}, nil
}

func gitlabMergeBase(c *call) (answer, error) {
	refs := c.URL.Query()["refs[]"]
	if len(refs) != 2 {
		return answer{}, refusal{status: http.StatusBadRequest, message: "Provide exactly 2 refs"}
	}
	a, err := c.repo.resolve(refs[0])
	b, err2 := c.repo.resolve(refs[1])
	if err := errors.Join(err, err2); errors.Is(err, errMissing) {
		return answer{}, refusal{status: http.StatusBadRequest, message: "Could not find ref: " + strings.Join(refs, ", ")}
	} else if err != nil {
		return answer{}, err
	}
	cmp, err := c.repo.objects.compare(a, b)
	if err != nil {
		return answer{}, err
	}
	if cmp.mergeBase == nil {
		return answer{}, refusal{status: http.StatusNotFound, message: "404 Merge Base Not Found"}
	}
	return answer{value: c.repo.gitlabCommit(cmp.mergeBase)}, nil
}

// gitlabRevision finds the commit that a revision names.
func (c *call) gitlabRevision(rev, what string) (*object.Commit, error) {
	h, err := c.repo.resolve(rev)
	if errors.Is(err, errMissing) {
		return nil, refusal{status: http.StatusNotFound, message: "404 " + what + " Not Found"}
	} else if err != nil {
		return nil, err
	}
	return c.repo.objects.commit(h)
}

func (r *Repository) gitlabCommits(commits []*object.Commit) []jsonObject {
	list := make([]jsonObject, 0, len(commits))
	for _, c := range commits {
		list = append(list, r.gitlabCommit(c))
	}
	return list
}

func (r *Repository) gitlabCommit(c *object.Commit) jsonObject {
	sha := c.Hash.String()
	parents := []string{}
	for _, p := range c.ParentHashes {
		parents = append(parents, p.String())
	}
	date := func(t time.Time) string { return t.Format("2006-01-02T15:04:05.000-07:00") }
	return jsonObject{
		"id": sha, "short_id": sha[:8], "title": title(c.Message), "message": c.Message, "parent_ids": parents,
		"author_name": c.Author.Name, "author_email": c.Author.Email, "authored_date": date(c.Author.When),
		"committer_name": c.Committer.Name, "committer_email": c.Committer.Email, "committed_date": date(c.Committer.When),
		"created_at": date(c.Committer.When), "trailers": jsonObject{}, "extended_trailers": jsonObject{},
		"web_url": r.gitlabPage() + "/-/commit/" + sha,
	}
}
