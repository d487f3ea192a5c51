package api

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/internal/fault"
)

// SourceSettings are the settings of a source that is to be connected, with the
// keys of the configuration file. Secrets go in and never come out.
type SourceSettings struct {
	Name          string   `json:"name"`
	Type          string   `json:"type"` // "github", "gitlab" or "git"
	URL           string   `json:"url"`
	Branch        string   `json:"branch"` // git
	Poll          string   `json:"poll"`   // git; "5m"
	Token         string   `json:"token"`
	WebhookSecret string   `json:"webhookSecret"`
	SigningToken  string   `json:"signingToken"`
	Organizations []string `json:"organizations"`
	Groups        []string `json:"groups"`
	Repositories  []string `json:"repositories"`
	Descriptors   []string `json:"descriptors"`
	Reconcile     string   `json:"reconcile"`
	People        *bool    `json:"people"` // nil: if organizations or groups are named
}

// SourceChange is what of a connected source is to be another. What it leaves out stays;
// a list that is given counts whole. Secrets go in and never come out.
type SourceChange struct {
	Branch         *string  `json:"branch"`
	Poll           *string  `json:"poll"`
	Token          string   `json:"token"`
	WebhookSecret  string   `json:"webhookSecret"`
	SigningToken   string   `json:"signingToken"`
	RotateSecret   bool     `json:"rotateSecret"`         // a webhookSecret that the portal makes, for a webhook that it makes, too
	ForgetPrevious bool     `json:"forgetPreviousSecret"` // what was valid before the present secret is valid no more
	Organizations  []string `json:"organizations"`
	Groups         []string `json:"groups"`
	Repositories   []string `json:"repositories"`
	Descriptors    []string `json:"descriptors"`
	Reconcile      *string  `json:"reconcile"`
	People         *bool    `json:"people"`
}

// Connect adds sources while the portal runs, changes them, and takes them away.
type Connect interface {
	// Connect adds a source, or changes one that was connected before: what the
	// settings leave out stays as it is, and its last secret stays valid beside
	// another one. A source without a secret gets one, for a webhook that the portal
	// makes. The error is of kind fault.Invalid for settings that cannot be, and of
	// fault.Conflict if the configuration file has a source of this name.
	Connect(ctx context.Context, s SourceSettings) error
	// Change gives a source that was connected other settings, once its forge was asked
	// whether it can be read so. Its last secret stays valid beside another one until it
	// is forgotten; only then there can be a third. The error is of kind fault.NotFound
	// if there is no such source, fault.Conflict for one of the configuration file and
	// for what cannot be.
	Change(ctx context.Context, name string, c SourceChange) error
	// Disconnect takes a source away that was connected, and has its webhooks deleted at
	// the forge if that can be done: webhook says what became of them, for people. What
	// the catalog knows of the source stays. Errors are of the kinds of Change.
	Disconnect(ctx context.Context, name string) (webhook string, err error)
	// MakeWebhook has the webhook of a source made at its forge that sends to an
	// address, the portal's own if that is empty, or the one changed that is there.
	// The error is of kind fault.NotFound if there is no such source, fault.Conflict
	// if its webhook is being made or cannot be, fault.Invalid for an address that
	// does not lead to it.
	MakeWebhook(ctx context.Context, name, payload string) error
}

// Webhook is what became of the webhook of a source that the portal makes itself.
type Webhook struct {
	Running bool   `json:"running"`
	Done    int    `json:"done"`            // projects that have one each, where a group can have none
	Made    string `json:"made,omitempty"`  // what was, for people
	Error   string `json:"error,omitempty"` // why it could not be made, or not be tried
}

// handleConnect handles "POST /api/sources".
func (a *API) handleConnect(c echo.Context) error {
	var s SourceSettings
	if err := decode(c, &s, "how a source is set"); err != nil {
		return err
	}
	if err := a.Connecting.Connect(c.Request().Context(), s); err != nil {
		return err
	}
	return a.writeSource(c, http.StatusCreated, s.Name)
}

// writeSource answers with what is configured of a source that was just changed.
func (a *API) writeSource(c echo.Context, status int, name string) error {
	for _, src := range a.Sources() {
		if src.Name == name {
			return c.JSON(status, src)
		}
	}
	return fault.New(fault.Unavailable, "source %s was changed, and taken away at once", name)
}

// handleChange handles "PATCH /api/sources/:name".
func (a *API) handleChange(c echo.Context) error {
	var change SourceChange
	if err := decode(c, &change, "what is to be another"); err != nil {
		return err
	}
	name := pathParam(c, "name")
	if err := a.Connecting.Change(c.Request().Context(), name, change); err != nil {
		return err
	}
	return a.writeSource(c, http.StatusOK, name)
}

// handleWebhook handles "POST /api/sources/:name/webhook".
func (a *API) handleWebhook(c echo.Context) error {
	var to struct {
		URL string `json:"url"`
	}
	if c.Request().ContentLength != 0 {
		if err := decode(c, &to, "where the webhook is to send to"); err != nil {
			return err
		}
	}
	name := pathParam(c, "name")
	if err := a.Connecting.MakeWebhook(c.Request().Context(), name, to.URL); err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, map[string]string{"source": name})
}

// handleDisconnect handles "DELETE /api/sources/:name".
func (a *API) handleDisconnect(c echo.Context) error {
	name := pathParam(c, "name")
	webhook, err := a.Connecting.Disconnect(c.Request().Context(), name)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]string{"source": name, "webhook": webhook})
}
