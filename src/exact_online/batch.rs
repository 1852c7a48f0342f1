//! Several requests in one HTTP request: OData's `$batch`.

mod multipart;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use ureq::http::Method;

use self::multipart::{Asked, Group, LONGEST_REFUSAL, Reply};
use super::call::Call;
use super::errors::unreadable;
use super::json::Body;
use super::listing::{Page, whole_page};
use super::resource::settable;
use super::write::LONGEST;
use super::{Create, Delete, ExactOnline, Get, List, Model, Resource, Unconfirmed, Update};
use crate::error::{ApiError, DecodeError};
use crate::sdk::unconfirmed::{lost, open};
use crate::{BoxError, Error, Result};

/// The largest number of requests in a batch. This crate chose the number, because the service documents no
/// limit.
const MOST: usize = 100;
/// The longest answer that the service sends, in bytes (the vendor's documentation).
const LONGEST_ANSWER: u64 = 38_000_000;
const PATH: &str = "/v1/$batch";

/// Several requests that are sent as one HTTP request, with an answer for each. [`ExactOnline::batch`] makes
/// a batch.
///
/// Each method adds a request and returns its [`Part`], which [`Answers::take`] exchanges for the answer. A
/// batch has at most 100 requests and 10 MB.
///
/// Adjacent writes form a *change set*, which OData processes as a whole or not at all.
///
/// Exact Online's documentation says that `$batch` is not supported and should not be used. One public client, the
/// Python SDK, sends batches of the same form. This module was tested against answers in the form of OData 2, not
/// against the service. How the service counts a batch in its limits is not known. The
/// [guide](crate::guide::exact_online) says what is shown and what is not verified.
///
/// ```
/// # use evergrant::exact_online::{Country, ExactOnline};
/// # use evergrant::sandbox::{ApiReply, Sandbox};
/// # let sandbox = Sandbox::builder().exact_online().start()?;
/// # sandbox.on("POST", "/api/v1/$batch", |_| ApiReply::bytes(202, "multipart/mixed; boundary=b", concat!(
/// #     "--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{\"d\": {\"results\": [{\"Name\": \"Rose\"}]}}\r\n",
/// #     "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n",
/// #     "--c\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 201 Created\r\n\r\n{\"d\": {\"Description\": \"Box\"}}\r\n--c--\r\n",
/// #     "--b--\r\n")));
/// # let exact = ExactOnline::builder(Country::Netherlands, sandbox.credentials(), evergrant::MemoryBackend::new())
/// #     .provider(sandbox.provider()).division(123).build()?;
/// # exact.client().seed(sandbox.login())?;
/// use evergrant::exact_online::Item;
///
/// let mut batch = exact.batch();
/// let accounts = batch.list(&exact.accounts().select(&["Name"]).top(5))?;
/// let made = batch.create(&exact.items(), &Item::with(|item| item.description = Some("Box".into())))?;
///
/// let mut answers = batch.send()?;
/// for account in answers.take(accounts)? {
///     println!("{:?}", account.name);
/// }
/// println!("{:?}", answers.take(made)?.id);
/// # Ok::<(), evergrant::BoxError>(())
/// ```
#[must_use = "nothing is sent until `send` is called"]
pub struct Batch {
    exact: ExactOnline,
    id: Arc<()>,
    asked: Vec<Asked>,
}

type Read<T> = Box<dyn FnOnce(Reply) -> Result<T> + Send + Sync>;

/// A request of a [`Batch`] whose answer is a `T`.
#[must_use = "`Answers::take` returns the answer"]
pub struct Part<T> {
    batch: Arc<()>,
    index: usize,
    read: Read<T>,
}

/// The answers of a [`Batch`].
pub struct Answers {
    batch: Arc<()>,
    replies: Vec<Option<Result<Reply>>>,
}

impl ExactOnline {
    /// Makes an empty batch: several requests that are sent as one HTTP request. The vendor does not support
    /// batches: see [`Batch`].
    pub fn batch(&self) -> Batch {
        Batch { exact: self.clone(), id: Arc::new(()), asked: Vec::new() }
    }
}

impl Batch {
    /// Returns the number of requests in the batch.
    pub fn len(&self) -> usize {
        self.asked.len()
    }

    /// Whether the batch has no request.
    pub fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }

    /// Adds a request for the first page of a list. The position of the page continues the list
    /// ([`Resource::pages_from`]).
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for rows of another client, a missing division, a query that cannot be sent, or too
    /// many requests. For [`ExactOnline::system_divisions`] without a division, this method asks
    /// [`ExactOnline::me`] for a division, and can also return the errors of that call.
    pub fn list<M: List>(&mut self, rows: &Resource<M>) -> Result<Part<Page<M>>> {
        let call = self.own(rows)?.clone();
        let target = call.target("")?;
        self.add(Method::GET, target, None, call, |call, reply| {
            whole_page(call, rows_in(call, &reply)?)
        })
    }

    /// Adds a request for the row with this id.
    ///
    /// # Errors
    ///
    /// The errors of [`Batch::list`].
    pub fn get<M: Get>(&mut self, rows: &Resource<M>, id: M::Key) -> Result<Part<M>> {
        let key = id.into();
        let call = self.own(rows)?.with_key(&key)?;
        let target = call.target("")?;
        self.add(Method::GET, target, None, call, move |call, reply| {
            let row = call.one(&rows_in(call, &reply)?.rows)?;
            row.ok_or_else(|| call.missing(&key))
        })
    }

    /// Adds a request that creates a row. The answer is the created row, as for [`Resource::create`].
    ///
    /// # Errors
    ///
    /// The errors of [`Batch::list`]; [`Error::Config`] for a body that cannot be written.
    pub fn create<M: Create>(
        &mut self,
        rows: &Resource<M>,
        body: &(impl Serialize + ?Sized),
    ) -> Result<Part<M>> {
        let call = self.own(rows)?.clone();
        let target = call.target("")?;
        let body = settable::<M>(body)?;
        self.add(Method::POST, target, Some(body.get()), call, |call, reply| {
            let location = reply.headers.get("location").and_then(|value| value.to_str().ok());
            call.created(location, Ok(reply.body.clone()))
        })
    }

    /// Adds a request that changes the properties in `body`, as [`Resource::update`] does.
    ///
    /// # Errors
    ///
    /// The errors of [`Batch::create`].
    pub fn update<M: Update>(
        &mut self,
        rows: &Resource<M>,
        id: M::Key,
        body: &(impl Serialize + ?Sized),
    ) -> Result<Part<()>> {
        let call = self.own(rows)?.clone();
        let target = call.keyed(id)?;
        let body = settable::<M>(body)?;
        self.add(Method::PUT, target, Some(body.get()), call, |_, _| Ok(()))
    }

    /// Adds a request that deletes the row with this id.
    ///
    /// # Errors
    ///
    /// The errors of [`Batch::list`].
    pub fn delete<M: Delete>(&mut self, rows: &Resource<M>, id: M::Key) -> Result<Part<()>> {
        let call = self.own(rows)?.clone();
        let target = call.keyed(id)?;
        self.add(Method::DELETE, target, None, call, |_, _| Ok(()))
    }

    /// Returns the call of the rows, if the rows belong to the batch's client, in any division: a batch has
    /// one login.
    fn own<'a, M: Model>(&self, rows: &'a Resource<M>) -> Result<&'a Call> {
        match rows.call().is_of(&self.exact) {
            true => Ok(rows.call()),
            false => Err(Error::Config("the rows belong to another client than the batch".into())),
        }
    }

    fn add<T: 'static>(
        &mut self,
        method: Method,
        target: String,
        body: Option<&str>,
        call: Call,
        read: impl FnOnce(&Call, Reply) -> Result<T> + Send + Sync + 'static,
    ) -> Result<Part<T>> {
        if self.asked.len() == MOST {
            return Err(Error::Config(format!("a batch has at most {MOST} requests").into()));
        }
        let base = self.exact.client().provider().api_base().unwrap_or_default();
        let url = [base.trim_end_matches('/'), &target].concat();
        let index = self.asked.len();
        let name = call.name().to_owned();
        self.asked.push(Asked {
            method: method.clone(),
            url: url.clone(),
            name,
            body: body.map(str::to_owned),
        });
        let read: Read<T> = Box::new(move |reply| {
            if reply.status >= 400 {
                let error = refusal(&call, &method, &url, reply);
                // A second PUT or DELETE does no harm, as outside a batch.
                return Err(if method == Method::POST { open(call.name(), error) } else { error });
            }
            read(&call, reply)
        });
        Ok(Part { batch: Arc::clone(&self.id), index, read })
    }

    /// Sends the requests. An empty batch is not sent.
    ///
    /// An answer that has only some of the parts is not an error here: [`Answers::take`] returns an error for
    /// each part that is missing or truncated.
    ///
    /// # Errors
    ///
    /// The errors of [`crate::Request::call`]; [`Error::Config`] for a body of more than 10 MB;
    /// [`Error::Decode`] for an answer that is not a batch, or that has another number of parts. If the batch
    /// has writes, [`Unconfirmed::of`] tells that the writes may have been processed. A batch with writes
    /// that may have been processed is not sent again.
    pub fn send(self) -> Result<Answers> {
        let writes = self.asked.iter().any(Asked::writes);
        if self.asked.is_empty() {
            return Ok(Answers { batch: self.id, replies: Vec::new() });
        }
        let groups = Group::of(&self.asked);
        let (boundary, body) = multipart::write(&self.asked, &groups);
        if body.len() as u64 > LONGEST {
            let text = format!(
                "the batch has {} bytes, and Exact Online takes at most {LONGEST}",
                body.len()
            );
            return Err(Error::Config(text.into()));
        }
        let unknown = |why: BoxError| match writes {
            true => unconfirmed("$batch", why),
            false => Error::Decode(Box::new(DecodeError::new("the answer of $batch", why))),
        };
        let request = self.exact.client().post(PATH).repeatable(!writes).max_body(LONGEST_ANSWER);
        let request = request.header("Accept", "multipart/mixed");
        let kind = format!("multipart/mixed; boundary={boundary}");
        let sent = request.header("Content-Type", &kind).send(body);
        let response = sent.map_err(|error| if writes { lost("$batch", error) } else { error })?;
        let kind = response.header("content-type").unwrap_or_default().to_owned();
        let bytes = response.read_bytes().map_err(|error| unknown(error.into()))?;
        let read = multipart::read(&kind, &bytes, &groups, self.asked.len());
        let replies = read.map_err(|why| unknown(why.into()))?;
        let replies = replies.into_iter().zip(&self.asked).map(|(reply, asked)| {
            Some(reply.map_err(|why| match asked.writes() {
                true => unconfirmed(&asked.name, why.into()),
                false => unreadable(&asked.name, why),
            }))
        });
        Ok(Answers { replies: replies.collect(), batch: self.id })
    }
}

/// Makes the error for a write in a batch, if the answer has no readable part for this write.
fn unconfirmed(operation: &str, source: BoxError) -> Error {
    let what = format!(
        "the answer of {operation} in a batch, which may have been processed: look before you send it again"
    );
    let mut error = DecodeError::new(what, source);
    error.unconfirmed = Some(Box::new(Unconfirmed::perhaps(operation)));
    Error::Decode(Box::new(error))
}

/// The error of a part with a status of 400 or above.
fn refusal(call: &Call, method: &Method, url: &str, mut reply: Reply) -> Error {
    let url = url.split('?').next().unwrap_or_default();
    let mut api = ApiError::new(method.as_str(), url, reply.status);
    reply.body.truncate(LONGEST_REFUSAL);
    (*api.headers, api.body) = (reply.headers, reply.body);
    call.explain(api)
}

fn rows_in(call: &Call, reply: &Reply) -> Result<Body> {
    let text = reply.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&reply.body);
    // The parser's error is dropped, because it may repeat a part of the answer.
    serde_json::from_slice(text).map_err(|_| unreadable(call.name(), "it has no rows in JSON"))
}

impl Answers {
    /// Returns the answer of a part.
    ///
    /// # Errors
    ///
    /// The errors of the method of [`Resource`] that does the same outside a batch. [`Error::Decode`] if the
    /// part is missing or truncated in the answer; for a write, [`Unconfirmed::of`] then tells that the
    /// service may have processed the write. [`Error::Config`] for a part of another batch.
    pub fn take<T>(&mut self, part: Part<T>) -> Result<T> {
        let own = Arc::ptr_eq(&self.batch, &part.batch);
        let reply = self.replies.get_mut(part.index).filter(|_| own).and_then(Option::take);
        let reply =
            reply.ok_or_else(|| Error::Config("the part belongs to another batch".into()))?;
        (part.read)(reply?)
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: HashSet<_> = self.asked.iter().map(|asked| &asked.name).collect();
        f.debug_struct("Batch").field("requests", &self.len()).field("endpoints", &names).finish()
    }
}

impl<T> fmt::Debug for Part<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part").field("index", &self.index).finish_non_exhaustive()
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left = self.replies.iter().filter(|reply| reply.is_some()).count();
        f.debug_struct("Answers").field("left", &left).finish_non_exhaustive()
    }
}
