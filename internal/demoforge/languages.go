package demoforge

import (
	"errors"
	"math"
	"path"

	"github.com/go-git/go-git/v5/plumbing"
)

// languageOf is what code a file is by its name, as far as the forges agree on it; "" for
// what is none.
func languageOf(file string) string {
	switch path.Base(file) {
	case "Dockerfile":
		return "Dockerfile"
	case "Makefile":
		return "Makefile"
	}
	return map[string]string{
		".go": "Go", ".ts": "TypeScript", ".js": "JavaScript", ".py": "Python", ".sh": "Shell", ".css": "CSS", ".html": "HTML",
		".java": "Java", ".rs": "Rust", ".rb": "Ruby", ".kt": "Kotlin",
	}[path.Ext(file)]
}

// languages are the bytes of each language on the default branch.
func (r *Repository) languages() (map[string]int64, error) {
	all := map[string]int64{}
	head, err := r.resolve(r.settings.DefaultBranch)
	if errors.Is(err, errMissing) {
		return all, nil
	}
	if err != nil {
		return nil, err
	}
	commit, err := r.objects.commit(head)
	if err != nil {
		return nil, err
	}
	nodes, err := r.objects.flatten(plumbing.Hash(commit.TreeHash))
	for _, n := range nodes {
		if name := languageOf(n.path); name != "" && n.kind() == "blob" {
			all[name] += n.size
		}
	}
	return all, err
}

// githubListLanguages tells bytes. See https://docs.github.com/rest/repos/repos#list-repository-languages.
func githubListLanguages(c *call) (answer, error) {
	all, err := c.repo.languages()
	return answer{value: all}, err
}

// gitlabListLanguages tells percents. See https://docs.gitlab.com/api/projects/#list-programming-languages-used.
func gitlabListLanguages(c *call) (answer, error) {
	all, err := c.repo.languages()
	var sum int64
	for _, bytes := range all {
		sum += bytes
	}
	percent := map[string]float64{}
	for name, bytes := range all {
		if bytes > 0 {
			percent[name] = math.Round(float64(bytes)/float64(sum)*10_000) / 100
		}
	}
	return answer{value: percent}, err
}
