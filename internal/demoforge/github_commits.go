package demoforge

import (
	"errors"
	"net/http"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// Limits of https://docs.github.com/rest/commits/commits#compare-two-commits.
const (
	githubCompareCommits = 250
	githubCompareFiles   = 300
)

func githubGetBranch(c *call) (answer, error) {
	name := c.PathValue("rev")
	h, ok := c.repo.refs[plumbing.NewBranchReferenceName(name)]
	if !ok {
		return answer{}, refusal{status: http.StatusNotFound, message: "Branch not found", docs: "/branches/branches#get-a-branch"}
	}
	commit, err := c.repo.objects.commit(h)
	if err != nil {
		return answer{}, err
	}
	return answer{value: jsonObject{
		"name": name, "commit": c.repo.githubCommit(commit), "protected": c.repo.settings.Protected && name == c.repo.settings.DefaultBranch,
		"_links": jsonObject{"self": c.repo.githubAPI() + "/branches/" + name, "html": c.repo.githubPage() + "/tree/" + name},
	}}, nil
}

func githubGetRef(c *call) (answer, error) {
	if len(c.repo.refs) == 0 {
		return answer{}, refusal{status: http.StatusConflict, message: "Git Repository is empty."}
	}
	ref := plumbing.ReferenceName("refs/" + c.PathValue("ref"))
	h, ok := c.repo.refs[ref]
	if !ok {
		return answer{}, refusal{status: http.StatusNotFound, message: "Not Found"}
	}
	kind := "commit"
	if _, err := object.GetTag(c.repo.objects.git, h); err == nil {
		kind = "tag"
	}
	return answer{value: jsonObject{
		"ref": ref.String(), "node_id": nodeID("REF", c.repo.id), "url": c.repo.githubAPI() + "/git/" + ref.String(),
		"object": jsonObject{"sha": h.String(), "type": kind, "url": c.repo.githubAPI() + "/git/" + kind + "s/" + h.String()},
	}}, nil
}

func githubListCommits(c *call) (answer, error) {
	if len(c.repo.refs) == 0 {
		return answer{}, refusal{status: http.StatusConflict, message: "Git Repository is empty."}
	}
	q := c.URL.Query()
	head, err := c.repo.resolve(q.Get("sha"))
	if err != nil {
		return answer{}, err
	}
	p := c.page(30)
	commits, more, err := c.repo.list(head, strings.Trim(q.Get("path"), "/"), false, q.Get("since"), q.Get("until"), p)
	if err != nil {
		return answer{}, err
	}
	list := make([]jsonObject, 0, len(commits))
	for _, commit := range commits {
		list = append(list, c.repo.githubCommit(commit))
	}
	// The walk stops at the page's end: as much as is known is one more page.
	known := p.number * p.size
	if more {
		known++
	}
	return answer{value: list, header: c.githubLinks(p, known)}, nil
}

func githubGetCommit(c *call) (answer, error) {
	if len(c.repo.refs) == 0 {
		return answer{}, refusal{status: http.StatusConflict, message: "Git Repository is empty."}
	}
	rev := c.PathValue("rev")
	h, err := c.repo.resolve(rev)
	if errors.Is(err, errMissing) {
		return answer{}, refusal{status: http.StatusUnprocessableEntity, message: "No commit found for SHA: " + rev, docs: "/commits/commits#get-a-commit"}
	} else if err != nil {
		return answer{}, err
	}
	if c.wants("sha") {
		a := text([]byte(h.String()), "application/vnd.github.sha; charset=utf-8")
		a.header = http.Header{"Etag": {`"` + h.String() + `"`}}
		return a, nil
	}
	commit, err := c.repo.objects.commit(h)
	if err != nil {
		return answer{}, err
	}
	changes, err := c.repo.objects.changesOf(commit, true)
	if err != nil {
		return answer{}, err
	}
	o := c.repo.githubCommit(commit)
	p := c.page(100)
	p.size = c.number("per_page", githubCompareFiles, githubCompareFiles)
	from, to := p.cut(len(changes))
	o["files"] = c.repo.githubFiles(h, changes[from:to])
	return answer{value: o, header: c.githubLinks(p, len(changes))}, nil
}

func githubCompare(c *call) (answer, error) {
	base, head, ok := strings.Cut(c.PathValue("range"), "...")
	if !ok {
		return answer{}, refusal{status: http.StatusNotFound, message: "Not Found"}
	}
	from, err := c.repo.resolve(base)
	if err != nil {
		return answer{}, err
	}
	to, err := c.repo.resolve(head)
	if err != nil {
		return answer{}, err
	}
	cmp, err := c.repo.objects.compare(from, to)
	if err != nil {
		return answer{}, err
	}
	if cmp.mergeBase == nil {
		return answer{}, refusal{status: http.StatusNotFound, message: "No common ancestor between " + base + " and " + head + "."}
	}
	baseCommit, err := c.repo.objects.commit(from)
	if err != nil {
		return answer{}, err
	}
	headCommit, err := c.repo.objects.commit(to)
	if err != nil {
		return answer{}, err
	}
	changes, err := c.repo.objects.diff(cmp.mergeBase.TreeHash, headCommit.TreeHash, true)
	if err != nil {
		return answer{}, err
	}
	p := page{1, githubCompareCommits}
	if q := c.URL.Query(); q.Has("page") || q.Has("per_page") {
		p = c.page(githubCompareCommits)
	}
	if p.number > 1 {
		changes = nil // files come with the first page alone
	}
	first, last := p.cut(len(cmp.ahead))
	commits := []jsonObject{}
	for _, commit := range cmp.ahead[first:last] {
		commits = append(commits, c.repo.githubCommit(commit))
	}
	page := c.repo.githubPage() + "/compare/" + base + "..." + head
	return answer{header: c.githubLinks(p, len(cmp.ahead)), value: jsonObject{
		"url": c.repo.githubAPI() + "/compare/" + base + "..." + head, "html_url": page, "permalink_url": page,
		"diff_url": page + ".diff", "patch_url": page + ".patch",
		"base_commit": c.repo.githubCommit(baseCommit), "merge_base_commit": c.repo.githubCommit(cmp.mergeBase),
		"status": cmp.status(), "ahead_by": len(cmp.ahead), "behind_by": len(cmp.behind), "total_commits": len(cmp.ahead),
		"commits": commits,
		"files":   c.repo.githubFiles(to, changes[:min(len(changes), githubCompareFiles)]),
	}}, nil
}

// githubCommit is a commit as lists show it.
func (r *Repository) githubCommit(c *object.Commit) jsonObject {
	sha := c.Hash.String()
	signature := func(s object.Signature) jsonObject {
		return jsonObject{"name": s.Name, "email": s.Email, "date": githubTime(s.When)}
	}
	account := func(s object.Signature) any {
		if p, ok := r.forge.people[s.Email]; ok {
			return r.forge.githubAccount(p.Login, "User")
		}
		return nil // nobody here has that e-mail
	}
	parents := []jsonObject{}
	for _, p := range c.ParentHashes {
		parents = append(parents, jsonObject{
			"sha": p.String(), "url": r.githubAPI() + "/commits/" + p.String(), "html_url": r.githubPage() + "/commit/" + p.String(),
		})
	}
	return jsonObject{
		"sha": sha, "node_id": nodeID("C", r.id),
		"url": r.githubAPI() + "/commits/" + sha, "html_url": r.githubPage() + "/commit/" + sha,
		"comments_url": r.githubAPI() + "/commits/" + sha + "/comments",
		"author":       account(c.Author), "committer": account(c.Committer), "parents": parents,
		"commit": jsonObject{
			"author": signature(c.Author), "committer": signature(c.Committer), "message": trimMessage(c.Message),
			"tree":          jsonObject{"sha": c.TreeHash.String(), "url": r.githubAPI() + "/git/trees/" + c.TreeHash.String()},
			"url":           r.githubAPI() + "/git/commits/" + sha,
			"comment_count": 0,
			"verification":  jsonObject{"verified": false, "reason": "unsigned", "signature": nil, "payload": nil},
		},
	}
}

func (r *Repository) githubFiles(at plumbing.Hash, changes []fileChange) []jsonObject {
	files := []jsonObject{}
	for _, change := range changes {
		o := jsonObject{
			"filename": change.path, "status": change.status, "sha": change.hash.String(),
			"blob_url":     r.githubPage() + "/blob/" + at.String() + "/" + change.path,
			"raw_url":      r.githubPage() + "/raw/" + at.String() + "/" + change.path,
			"contents_url": r.githubAPI() + "/contents/" + change.path + "?ref=" + at.String(),
		}
		if change.was != "" {
			o["previous_filename"] = change.was
		}
		files = append(files, o)
	}
	return files
}
