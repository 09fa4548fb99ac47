//! One resource of the API: its handlers by method, its meter, and 405 with `Allow` for every other method.

use actix_web::dev::{Handler, HttpServiceFactory};
use actix_web::guard::{self, Guard};
use actix_web::{FromRequest, Resource, Responder, web};

use crate::error::ApiError;
use crate::metrics::Metrics;

/// A resource under construction.
pub(crate) struct Methods {
    #[cfg(test)]
    path: &'static str,
    resource: Resource,
    allow: Vec<&'static str>,
}

/// The resource at a path; metrics and the API document use the full path as its name.
pub(crate) fn resource(path: &'static str, metrics: &Metrics) -> Methods {
    Methods {
        #[cfg(test)]
        path,
        resource: web::resource(path).app_data(metrics.route(path)),
        allow: Vec::new(),
    }
}

impl Methods {
    /// The full path.
    #[cfg(test)]
    pub(crate) fn path(&self) -> &'static str {
        self.path
    }

    /// The methods that are documented: HEAD goes with GET.
    #[cfg(test)]
    pub(crate) fn documented(&self) -> Vec<&'static str> {
        self.allow.iter().copied().filter(|method| *method != "HEAD").collect()
    }

    /// Answers GET, and HEAD with the same head.
    pub(crate) fn get<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(guard::Any(guard::Get()).or(guard::Head()), &["GET", "HEAD"], handler)
    }

    /// Answers POST.
    pub(crate) fn post<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(guard::Post(), &["POST"], handler)
    }

    /// Answers PUT.
    pub(crate) fn put<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(guard::Put(), &["PUT"], handler)
    }

    /// Answers PATCH.
    pub(crate) fn patch<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(guard::Patch(), &["PATCH"], handler)
    }

    /// Answers DELETE.
    pub(crate) fn delete<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(guard::Delete(), &["DELETE"], handler)
    }

    fn on<F, Args>(mut self, methods: impl Guard + 'static, names: &[&'static str], handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.allow.extend(names);
        self.resource = self.resource.route(web::route().guard(methods).to(handler));
        self
    }

    /// The finished resource.
    pub(crate) fn done(self) -> impl HttpServiceFactory + 'static {
        let allow = self.allow.join(", ");
        let refuse = move || {
            let allow = allow.clone();
            async move { Err::<&'static str, _>(ApiError::MethodNotAllowed { allow }) }
        };
        self.resource.default_service(web::to(refuse))
    }
}
