// A client of simplequeue, as programs in Go are: net/http and encoding/json, with the structs of
// the wire. The first argument is the address of the broker, the second says what to do.
//
//	life          prints what each call of a job's life answers
//	work WORKER   handles jobs of the topic "jobs" with heartbeats, until there are none for long
//	hang WORKER   claims a job and never ends it
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

type Job struct {
	ID            string    `json:"id"`
	Status        string    `json:"status"`
	Payload       []byte    `json:"payload"`
	ClaimedBy     string    `json:"claimed_by,omitempty"`
	ClaimedAt     time.Time `json:"claimed_at,omitempty"`
	LastHeartbeat time.Time `json:"last_heartbeat,omitempty"`
	CreatedAt     time.Time `json:"created_at"`
	Attempts      int       `json:"attempts"`
}

type Topic struct {
	broker, name string
}

var client = &http.Client{Timeout: 30 * time.Second}

// Calls the topic, and reads the answer into result if it has that status.
func (t Topic) call(name string, request any, status int, result any) error {
	body, err := json.Marshal(request)
	check(err)
	url := t.broker + "/topics/" + t.name + "/" + name
	response, err := client.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != status {
		text, _ := io.ReadAll(response.Body)
		return fmt.Errorf("http %d: %s", response.StatusCode, text)
	}
	return json.NewDecoder(response.Body).Decode(result)
}

func (t Topic) enqueue(id string, payload json.RawMessage) (string, error) {
	var made struct {
		ID string `json:"id"`
	}
	err := t.call("enqueue", struct {
		ID      string          `json:"id"`
		Payload json.RawMessage `json:"payload"`
	}{id, payload}, http.StatusCreated, &made)
	return made.ID, err
}

func (t Topic) claim(worker string) (*Job, error) {
	var claimed struct {
		Job *Job `json:"job"`
	}
	err := t.call("claim", map[string]string{"worker_id": worker}, http.StatusOK, &claimed)
	return claimed.Job, err
}

func (t Topic) tell(name, job string) error {
	var answer map[string]string
	err := t.call(name, map[string]string{"job_id": job}, http.StatusOK, &answer)
	if err == nil && answer["status"] != "ok" {
		return fmt.Errorf("%s: %v", name, answer)
	}
	return err
}

func (t Topic) status() string {
	response, err := client.Get(t.broker + "/topics/" + t.name + "/status")
	check(err)
	defer response.Body.Close()
	var counts struct{ Pending, Claimed, Completed, Total int }
	check(json.NewDecoder(response.Body).Decode(&counts))
	return fmt.Sprintf("%+v", counts)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func show(job *Job, err error) {
	check(err)
	isFresh := time.Since(job.ClaimedAt) < time.Minute && job.LastHeartbeat.Equal(job.ClaimedAt)
	isInOrder := !job.CreatedAt.IsZero() && !job.CreatedAt.After(job.ClaimedAt)
	fmt.Println(job.ID, job.Status, string(job.Payload), job.ClaimedBy, job.Attempts, isFresh, isInOrder)
}

func life(topic Topic) {
	id, err := topic.enqueue("job-1", json.RawMessage(`{"item":"<book> & é","n":12345678901234567890}`))
	check(err)
	fmt.Println("enqueued", id)
	_, err = topic.enqueue("job-1", json.RawMessage(`1`))
	fmt.Println("again", strings.TrimSpace(err.Error()))
	id, err = topic.enqueue("", nil)
	check(err)
	fmt.Println("made", len(id))
	fmt.Println(topic.status())
	show(topic.claim("worker-1"))
	check(topic.tell("heartbeat", "job-1"))
	check(topic.tell("nack", "job-1"))
	show(topic.claim("worker-2"))
	check(topic.tell("ack", "job-1"))
	check(topic.tell("ack", "unknown"))
	job, err := topic.claim("worker-3")
	check(err)
	fmt.Println("last", job.ID == id, string(job.Payload))
	check(topic.tell("ack", id))
	fmt.Println(topic.status())
	_, err = topic.claim("worker-1")
	fmt.Println("none", strings.TrimSpace(err.Error()))
	_, err = topic.claim("")
	fmt.Println("unnamed", strings.TrimSpace(err.Error()))
	_, err = Topic{topic.broker, "a.b"}.claim("worker-1")
	fmt.Println("named wrongly", strings.TrimSpace(err.Error()))
}

// Handles a job for longer than its lease, while a goroutine sends heartbeats.
func handle(topic Topic, job *Job) {
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			case <-time.After(200 * time.Millisecond):
				check(topic.tell("heartbeat", job.ID))
			}
		}
	}()
	time.Sleep(2500 * time.Millisecond)
	close(done)
	<-ended
	check(topic.tell("ack", job.ID))
	fmt.Println(job.ID, job.Attempts)
}

func main() {
	topic := Topic{os.Args[1], "jobs"}
	switch os.Args[2] {
	case "life":
		life(topic)
	case "hang":
		job, err := topic.claim(os.Args[3])
		check(err)
		fmt.Println("holds", job.ID)
		select {}
	case "work":
		for idle := time.Now(); time.Since(idle) < 6*time.Second; {
			job, err := topic.claim(os.Args[3])
			if err == nil {
				handle(topic, job)
				idle = time.Now()
			} else if !strings.HasPrefix(err.Error(), "http 404") {
				check(err)
			} else {
				time.Sleep(50 * time.Millisecond)
			}
		}
	}
}
