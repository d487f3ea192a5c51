package demoforge

import (
	"maps"
	"slices"
	"time"
)

// found is a security alert that is open, as it was told of.
type found struct {
	event  string // by which it is told of: "dependabot_alert"
	number int    // of the activity
	shown  jsonObject

	opened, updated time.Time
}

// found keeps the alert that an activity is about, or drops one that is not open any more.
func (r *Repository) found(a Activity, payload jsonObject) {
	shown, ok := payload["alert"].(jsonObject)
	if attributes, isGitLab := payload["object_attributes"].(jsonObject); isGitLab && a.Event == "Vulnerability Hook" {
		shown, ok = attributes, true
	}
	if !ok {
		return
	}
	now := found{a.Event, a.Number, maps.Clone(shown), a.Time, a.Time}
	same := func(f found) bool { return f.event == a.Event && f.number == a.Number }
	if i := slices.IndexFunc(r.alerts, same); i >= 0 {
		now.opened, now.shown["created_at"] = r.alerts[i].opened, r.alerts[i].shown["created_at"]
	}
	r.alerts = slices.DeleteFunc(r.alerts, same)
	switch shown["state"] {
	case "open", "detected", "confirmed":
		r.alerts = append(r.alerts, now)
	}
}

// githubAlerts are the lists of open alerts. See https://docs.github.com/rest/dependabot/alerts,
// /rest/code-scanning and /rest/secret-scanning.
func githubAlerts() map[string]handler {
	routes := map[string]handler{}
	for path, event := range map[string]string{
		"code-scanning": "code_scanning_alert", "dependabot": "dependabot_alert", "secret-scanning": "secret_scanning_alert",
	} {
		list := func(c *call) (answer, error) {
			var open []found
			for _, f := range c.repo.alerts {
				if f.event == event {
					open = append(open, f)
				}
			}
			return githubPage(c, open, func(f found) jsonObject { return f.shown }), nil
		}
		routes["GET /repos/{owner}/{repo}/"+path+"/alerts"] = list
		routes["GET /repositories/{id}/"+path+"/alerts"] = list
	}
	return routes
}

// gitlabListVulnerabilities is as of an Ultimate instance. Times are those of the API. See
// https://docs.gitlab.com/api/project_vulnerabilities.
func gitlabListVulnerabilities(c *call) (answer, error) {
	return gitlabPage(c, c.repo.alerts, func(f found) jsonObject {
		shown := maps.Clone(f.shown)
		shown["created_at"], shown["updated_at"] = gitlabTime(f.opened), gitlabTime(f.updated)
		return shown
	}), nil
}
